// The camera in the page: a picture at each tap, without leaving it. Only where the browser lets pages use it.
import { flash } from "/static/app.js";
import { drawn } from "/static/scan/photos.js";

export function cameraAllowed() {
  return Boolean(navigator.mediaDevices?.getUserMedia);
}

/** Make the camera's dialog work; `take` gets each picture. */
export function setUpCamera(dialog, opener, take) {
  const video = dialog.querySelector("video");
  const shutter = dialog.querySelector("[data-shutter]");
  const told = dialog.querySelector("[data-taken]");
  let stream = null;
  let taken = 0;

  opener.hidden = false;
  opener.addEventListener("click", async () => {
    taken = 0;
    told.textContent = "";
    try {
      const wanted = { facingMode: "environment", width: { ideal: 1920 }, height: { ideal: 1080 } };
      stream = await navigator.mediaDevices.getUserMedia({ video: wanted, audio: false });
    } catch {
      flash("The camera cannot be used. Allow it in the browser's settings, or choose photos instead.", "bad");
      return;
    }
    video.srcObject = stream;
    dialog.showModal();
    await video.play().catch(() => {});
  });

  dialog.addEventListener("close", () => {
    stream?.getTracks().forEach((track) => track.stop());
    stream = null;
    video.srcObject = null;
  });

  shutter.addEventListener("click", async () => {
    if (!video.videoWidth) return;
    const scale = Math.min(1, 1600 / Math.max(video.videoWidth, video.videoHeight));
    const blob = await drawn(video, Math.round(video.videoWidth * scale), Math.round(video.videoHeight * scale));
    taken += 1;
    told.textContent = taken === 1 ? "1 photo taken" : `${taken} photos taken`;
    take(new File([blob], `camera-${taken}.jpg`, { type: "image/jpeg" }));
  });
}
