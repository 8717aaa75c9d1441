"""Every model compiled as Keras compiles it where there is a GPU."""

import os


def compile_as_on_a_gpu():
    """Compile every model with `jit_compile=True` where KERASTRAIN_JIT_COMPILE=1 asks for it.

    Keras does so itself where there is a GPU; a model that a test compiles otherwise stays so.
    Processes that tests start call this too, so that both have the same bits.
    """
    if os.environ.get("KERASTRAIN_JIT_COMPILE") != "1":
        return
    import keras

    trainer = next(kind for kind in keras.Model.__mro__ if "compile" in vars(kind))
    compile_as_written = trainer.compile

    def compile_for_xla(self, *args, **options):
        if len(args) < 8 and options.get("jit_compile", "auto") == "auto":
            options["jit_compile"] = not options.get("run_eagerly", False)
        return compile_as_written(self, *args, **options)

    trainer.compile = compile_for_xla
