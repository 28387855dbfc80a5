"""Words that the passwords most often found in leaks are made of."""

from __future__ import annotations

from typing import Final

__all__ = ["COMMON"]

_WORDS: Final = """
    aaaa abc abcabc abcd abcdef abcdefg abcdefgh abcdefghij abcdefghijkl access admin administrator aezakmi
    albert alex alexander alexandra alexis amanda amazon america andrea andrew angel angela angels anthony apple
    arsenal asdf asdfasdf asdfgh asdfghjk asdfghjkl ashley asshole august austin azerty azertyuiop babygirl bailey
    banana barcelona baseball basketball batman benjamin bigdaddy biteme blessed blink bonjour boomer boston brandon
    brandy buster butterfly camaro changeit changeme charlie cheese chelsea chester chicago chicken chocolate
    chris christ christian christopher clerk cocacola coffee computer cookie cookies cooper corvette cowboy crystal
    daniel danielle david december default demo diamond dolphin donald dragon dragonball eagles einstein elephant
    elizabeth eminem enter falcon family fender ferrari fishing flower flowers football forever freedom friend friends
    friday fuckoff fuckyou gabriel gateway gemini george ginger gizmo golden golfer google guest guitar hammer hannah
    happy harley hello hellohello helloworld hockey hottie house hunter iceman iloveyou iloveyouforever informatica
    internet inventory jackson jasmine jasper jennifer jessica jesus jesuschrist johnny jonathan jordan joseph joshua
    junior justin killer kitty ladybug lakers lauren letmein letmeinnow liverpool login london loveme lovely lover
    loveyou maggie manager manchester manchesterunited marina marlboro martin master matrix matthew maverick melissa
    mercedes merlin metallica michael michelle mickey midnight mike minecraft mississippi monday money monkey monster
    morgan mustang myspace naruto nathan ncc newpassword nicholas nicole nirvana november october office oliver orange
    passw passwd passwort password passwords patrick peanut pepper phoenix player please pokemon prince princess
    purple qazwsx qazwsxedc qazwsxedcrfv qwer qwert qwerty qwertyui qwertyuiop qwertyuiopas qwertz qwertzuiop
    qweasd qweasdzxc rachel raiders rainbow ranger rangers raymond rebecca richard robert rocket root samantha samsung
    sammy sandra saturday scooter secret secretpassword september service sexy shadow shelfwise shop shopping silver
    slayer slipknot smokey snoopy soccer sophie spiderman spring starwars steelers steven stock store stupid
    summer sunday sunshine superman supersecret superstar support sweet swordfish system taylor tennis test tester
    testing testtest thomas thunder thursday tigger tinkerbell toyota trustno trustnoone tuesday turtle united user
    vanessa victoria victory warrior wednesday welcome welcomehome whatever william windows winner winter wizard
    xbox xxxx yamaha yankees yellow zaq zaqwsx zaqxswcde zxcv zxcvbn zxcvbnm
"""

COMMON: Final = frozenset(_WORDS.split())
"""Lower-case letters only; a password that is one of them, dressed up with digits and signs, is refused."""
