"""What the benchmarks run in processes of their own. The ``keras_*`` files run in the environment of Keras."""
