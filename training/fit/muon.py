"""Muon for convolutional nets: update steps are orthogonalised, so all directions of a kernel move equally far.

Jordan et al. 2024, Muon.
"""

from typing import Any

import keras
from keras import ops

Tensor = Any  # Keras has no types of its own


class Muon(keras.optimizers.Muon):  # type: ignore[misc]
    """Keras's Muon, which leaves convolutions to AdamW, with kernels [H,W,C,F] taken as matrices [H*W*C,F].

    A step is as large as AdamW's typically are (Liu et al. 2025, Muon is scalable for LLM training), so learning rate
    and weight decay have the same meaning. Biases, norms and the layer named `classes` stay with AdamW.
    """

    def _should_use_adamw(self, variable: keras.Variable) -> bool:
        return len(variable.shape) not in (2, 4) or "classes/" in variable.path

    def _muon_update_step(self, gradient: Tensor, variable: keras.Variable, lr: Tensor, m: keras.Variable) -> None:
        self.assign(m, ops.add(gradient, m * self.momentum))
        update = ops.add(gradient, self.momentum * m)
        matrix = ops.cast(ops.reshape(update, (-1, variable.shape[-1])), "bfloat16")
        orthogonal = ops.cast(self.zeropower_via_newtonschulz5(matrix, self.ns_steps), variable.dtype)
        step = self.lr_adjust(ops.cast(lr, variable.dtype) * orthogonal)
        self.assign_sub(variable, ops.reshape(step, variable.shape))
