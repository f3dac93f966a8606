"""A runtime for MLServer, whose adaptive batching puts the inputs of several requests into one tensor."""

import base64

import numpy as np
from mlserver import MLModel
from mlserver.types import InferenceRequest, InferenceResponse, ResponseOutput
from net import Net, pixels


class Digits(MLModel):
    async def load(self) -> bool:
        self.net = Net()
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        images = np.stack([pixels(base64.b64decode(text)) for text in payload.inputs[0].data])
        found = self.net(images)
        shape = list(found.shape)
        output = ResponseOutput(name="probabilities", shape=shape, datatype="FP32", data=found.ravel().tolist())
        return InferenceResponse(model_name=self.name, outputs=[output])
