"""U-Net forwards of the full-size Stable Diffusion 2.1 and XL, by diffusers: make_full.py FAMILY CHECKPOINT OUT

The checkpoints are made from the specs in ../checkpoints. Needs torch, diffusers and safetensors; not run by the tests.
"""
import json
import sys

import torch
from diffusers import UNet2DConditionModel
from diffusers.loaders.single_file_utils import convert_ldm_unet_checkpoint
from safetensors import safe_open
from safetensors.torch import save_file

COMMON = dict(sample_size=64, in_channels=4, out_channels=4, layers_per_block=2, use_linear_projection=True)
CONFIGS = {
    "sd21_full": dict(
        block_out_channels=(320, 640, 1280, 1280), attention_head_dim=[5, 10, 20, 20], cross_attention_dim=1024,
        down_block_types=("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",),
        up_block_types=("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3, transformer_layers_per_block=1),
    "sdxl_full": dict(
        block_out_channels=(320, 640, 1280), attention_head_dim=[5, 10, 20], cross_attention_dim=2048,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"), transformer_layers_per_block=[1, 2, 10],
        addition_embed_type="text_time", addition_time_embed_dim=256, projection_class_embeddings_input_dim=2816),
}


def main(family, checkpoint, out):
    prefix = "model.diffusion_model."
    config = {**COMMON, **CONFIGS[family]}
    with torch.device("meta"):
        unet = UNet2DConditionModel(**config)
    with safe_open(checkpoint, "pt") as file:
        weights = {k: file.get_tensor(k).float() for k in file.keys() if k.startswith(prefix)}
    converted = convert_ldm_unet_checkpoint(weights, config={**config, "class_embed_type": None})
    del weights
    unet.load_state_dict(converted, assign=True)
    unet.eval()
    generator = torch.Generator().manual_seed(5)
    x = torch.randn(2, 4, 16, 16, generator=generator)
    timesteps = torch.tensor([741.0, 741.0])
    context = torch.randn(2, 12, config["cross_attention_dim"], generator=generator)
    inputs = {"x": x, "timesteps": timesteps, "context": context}
    if family == "sdxl_full":
        inputs["y"] = torch.randn(2, 2816, generator=generator)
        unet.get_aug_embed = lambda emb, encoder_hidden_states, added_cond_kwargs: unet.add_embedding(inputs["y"])
    outputs = []
    with torch.no_grad():
        for threads in (1, 2):
            torch.set_num_threads(threads)
            outputs.append(unet(x, timesteps, context, added_cond_kwargs={}).sample)
    spread = (outputs[0] - outputs[1]).abs().max().item()
    print(json.dumps({"std": outputs[0].std().item(), "spread": spread}))
    save_file({**inputs, "out": outputs[0]}, out)


main(*sys.argv[1:])
