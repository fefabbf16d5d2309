"""Language models from configurations of the transformers package, with random weights and no dropout."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.torch.architectures.case import Case

VOCABULARY = 96


class Logits(nn.Module):
    """A model of transformers as a function of token numbers alone."""

    def __init__(self, model: nn.Module, *names: str, **fixed: Any) -> None:
        super().__init__()
        self.model, self.names, self.fixed = model, names, fixed

    def forward(self, *tokens: Tensor) -> Tensor:
        return self.model(**dict(zip(self.names, tokens, strict=True)), **self.fixed).logits


def over_tokens(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy of each token."""
    return F.cross_entropy(logits.flatten(0, 1), labels.flatten())


def tokens(batch: int, length: int) -> Tensor:
    return torch.randint(VOCABULARY, (batch, length))


def gpt2(batch: int, length: int, width: int, layers: int) -> Case:
    """GPT-2 predicting the next token."""
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(
        vocab_size=VOCABULARY,
        n_positions=length,
        n_embd=width,
        n_layer=layers,
        n_head=4,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        use_cache=False,
        attn_implementation="eager",
    )
    text = tokens(batch, length + 1)
    return Case.of(
        Logits(GPT2LMHeadModel(config).train(), "input_ids"), over_tokens, (text[:, :-1].clone(),), text[:, 1:].clone()
    )


def bert(batch: int, length: int, width: int, layers: int) -> Case:
    """BERT filling in masked tokens, with padding."""
    from transformers import BertConfig, BertForMaskedLM

    config = BertConfig(
        vocab_size=VOCABULARY,
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=4,
        intermediate_size=4 * width,
        max_position_embeddings=length,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        attn_implementation="eager",
    )
    attended = (torch.arange(length) < torch.randint(length // 2, length, (batch, 1))).long()
    model = Logits(BertForMaskedLM(config).train(), "input_ids", "attention_mask")
    return Case.of(model, over_tokens, (tokens(batch, length), attended), tokens(batch, length))


def t5(batch: int, length: int, width: int, layers: int) -> Case:
    """T5, an encoder and a decoder with relative positions and gated feed-forward parts."""
    from transformers import T5Config, T5ForConditionalGeneration

    config = T5Config(
        vocab_size=VOCABULARY,
        d_model=width,
        d_kv=width // 4,
        d_ff=2 * width,
        num_layers=layers,
        num_heads=4,
        dropout_rate=0.0,
        feed_forward_proj="gated-gelu",
        use_cache=False,
    )
    model = Logits(T5ForConditionalGeneration(config).train(), "input_ids", "decoder_input_ids")
    return Case.of(model, over_tokens, (tokens(batch, length), tokens(batch, length)), tokens(batch, length))


def llama(batch: int, length: int, width: int, layers: int) -> Case:
    """Llama: RMSNorm, rotary embedding, grouped queries, SwiGLU."""
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=width,
        intermediate_size=3 * width,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=length,
        use_cache=False,
    )
    text = tokens(batch, length + 1)
    return Case.of(
        Logits(LlamaForCausalLM(config).train(), "input_ids", use_cache=False),
        over_tokens,
        (text[:, :-1].clone(),),
        text[:, 1:].clone(),
    )
