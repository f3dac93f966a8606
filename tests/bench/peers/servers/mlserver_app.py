"""A runtime for MLServer, whose adaptive batching puts the inputs of several requests into one tensor."""

import base64

import numpy as np
from mlserver import MLModel
from mlserver.types import InferenceRequest, InferenceResponse, ResponseOutput
from net import Net, decode


class Digits(MLModel):
    async def load(self) -> bool:
        self.net = Net()
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        images = np.stack([decode(base64.b64decode(text)) for text in payload.inputs[0].data])
        probabilities = self.net(images)
        shape = list(probabilities.shape)
        data = probabilities.ravel().tolist()
        output = ResponseOutput(name="probabilities", shape=shape, datatype="FP32", data=data)
        return InferenceResponse(model_name=self.name, outputs=[output])
