"""The architectures our compiler is compared on: small in the tests, larger in the benchmarks."""

from __future__ import annotations

from tests.torch.architectures import images, language, perceptrons, structured
from tests.torch.architectures.case import Architecture

TRANSFORMERS = "transformers"

ARCHITECTURES = (
    Architecture("MLP", perceptrons.mlp, {"batch": 6, "width": 16}, {"batch": 256, "width": 256}),
    Architecture("CNN", images.cnn, {"batch": 3, "channels": 4, "side": 10}, {"batch": 16, "channels": 32, "side": 32}),
    Architecture(
        "ResNet block with batch norm",
        images.residual_network,
        {"batch": 3, "channels": 4, "side": 6},
        {"batch": 16, "channels": 32, "side": 32},
    ),
    Architecture(
        "ConvNeXt block with group norm",
        images.group_normed,
        {"batch": 2, "channels": 4, "side": 7},
        {"batch": 16, "channels": 32, "side": 32},
    ),
    Architecture(
        "U-Net block",
        images.unet,
        {"batch": 2, "channels": 4, "side": 8},
        {"batch": 8, "channels": 32, "side": 32},
    ),
    Architecture(
        "ViT block",
        images.vision_transformer,
        {"batch": 2, "side": 12, "width": 16, "heads": 2},
        {"batch": 16, "side": 32, "width": 128, "heads": 4},
    ),
    Architecture(
        "LSTM cell loop",
        structured.lstm_loop,
        {"batch": 3, "steps": 3, "width": 8},
        {"batch": 64, "steps": 8, "width": 128},
    ),
    Architecture(
        "graph attention, dense",
        structured.graph_attention,
        {"nodes": 12, "width": 8, "heads": 2},
        {"nodes": 256, "width": 64, "heads": 4},
    ),
    Architecture(
        "VAE loss",
        perceptrons.variational_autoencoder,
        {"batch": 5, "width": 24, "code": 3},
        {"batch": 256, "width": 784, "code": 32},
    ),
    Architecture(
        "mixture-of-experts gate",
        perceptrons.mixture_of_experts,
        {"batch": 7, "width": 8, "experts": 4},
        {"batch": 256, "width": 128, "experts": 8},
    ),
    Architecture(
        "normalising flow",
        perceptrons.normalising_flow,
        {"batch": 5, "width": 6, "layers": 2},
        {"batch": 1024, "width": 32, "layers": 4},
    ),
    Architecture(
        "GPT-2",
        language.gpt2,
        {"batch": 2, "length": 8, "width": 16, "layers": 1},
        {"batch": 8, "length": 64, "width": 128, "layers": 2},
        TRANSFORMERS,
    ),
    Architecture(
        "BERT",
        language.bert,
        {"batch": 2, "length": 8, "width": 16, "layers": 1},
        {"batch": 8, "length": 64, "width": 128, "layers": 2},
        TRANSFORMERS,
    ),
    Architecture(
        "T5 block",
        language.t5,
        {"batch": 2, "length": 8, "width": 16, "layers": 1},
        {"batch": 8, "length": 64, "width": 128, "layers": 1},
        TRANSFORMERS,
    ),
    Architecture(
        "Llama block",
        language.llama,
        {"batch": 2, "length": 8, "width": 16, "layers": 1},
        {"batch": 8, "length": 64, "width": 128, "layers": 2},
        TRANSFORMERS,
    ),
)

BY_NAME = {architecture.name: architecture for architecture in ARCHITECTURES}
