"""Makes the files beside it: what torch.save really writes, for tests/nodes/weights/torch_golden_test.cc.

Run it with PyTorch (2.13) and NumPy. The tests need neither: they know the values by the formulas below.
"""
import collections
import pathlib
import sys
import types

import numpy
import torch

FOLDER = pathlib.Path(__file__).parent
LEGACY = dict(_use_new_zipfile_serialization=False)


def count(*shape, dtype=torch.float32):
    """0, 1, 2..."""
    return torch.arange(torch.tensor(shape).prod().item()).reshape(shape).to(dtype)


def types_file():
    names = "float32 float16 bfloat16 float64 int64 int32 int16 int8 uint8 uint16 float8_e4m3fn float8_e5m2".split()
    tensors = {name: count(3, dtype=getattr(torch, name)) for name in names}
    return {**tensors, "bool": torch.tensor([True, False, True])}


def views_file():
    shared = count(4, 3)
    weights = collections.OrderedDict(
        whole=shared,
        tied=shared,
        transposed=shared.t(),
        row=shared[2],
        every_other=shared[1::2, ::2],
        parameter=torch.nn.Parameter(shared[0]),
        expanded=torch.ones(1).expand(5),
        scalar=torch.tensor(2.5),
        empty=torch.empty(0),
        empty_matrix=torch.empty(3, 0),
    )
    weights._metadata = collections.OrderedDict({"": {"version": 1}})
    return {"global_step": 7, "name": "views", "rate": 0.5, "done": True, "state_dict": weights, "other": {"a": shared}}


def training_file():
    """What PyTorch Lightning keeps beside the weights."""
    module = types.ModuleType("pytorch_lightning.callbacks.model_checkpoint")
    module.ModelCheckpoint = type("ModelCheckpoint", (), {"__module__": module.__name__})
    for name in ("pytorch_lightning", "pytorch_lightning.callbacks"):
        sys.modules[name] = types.ModuleType(name)
    sys.modules[module.__name__] = module
    score = numpy.float64(0.25)
    return {
        "epoch": 3,
        "callbacks": {module.ModelCheckpoint: {"best_model_score": score, "device": torch.device("cpu")}},
        "lr_schedulers": [{"base_lrs": [0.1], "names": {"a", "b"}, "raw": b"\x00\xff"}],
        "state_dict": {"a": count(2)},
    }


def parameter_dict_file():
    """A textual inversion as its first trainer saved it."""
    return {
        "string_to_token": {"*": torch.tensor(265)},
        "string_to_param": torch.nn.ParameterDict({"*": torch.nn.Parameter(count(2, 4))}),
    }


def hypernetwork_file():
    """As AUTOMATIC1111's web UI saves one: width -> (for keys, for values)."""

    def module(start):
        return {
            "linear.0.weight": count(4, 2) / 8 + start,
            "linear.0.bias": count(4) - 2,
            "linear.2.weight": count(2, 4) / 4 - 1,
            "linear.2.bias": count(2),
        }

    return {
        2: (module(-0.5), module(0)),
        "step": 100,
        "name": "tiny",
        "layer_structure": [1, 2, 1],
        "activation_func": "relu",
        "is_layer_norm": False,
        "weight_initialization": "Normal",
        "sd_checkpoint": None,
        "activate_output": False,
        "use_dropout": False,
        "last_layer_dropout": False,
    }


torch.save(types_file(), FOLDER / "types.pt")
torch.save(types_file(), FOLDER / "types_legacy.pt", **LEGACY)
torch.save(views_file(), FOLDER / "views.ckpt")
torch.save(views_file(), FOLDER / "views_legacy.ckpt", **LEGACY)
torch.save(views_file(), FOLDER / "views_protocol4.pth", pickle_protocol=4)
torch.save(views_file(), FOLDER / "views_legacy_protocol3.pth", pickle_protocol=3, **LEGACY)
torch.save(training_file(), FOLDER / "training.ckpt")
torch.save(parameter_dict_file(), FOLDER / "parameter_dict.pt")
torch.save([{"emb": count(2, 4)}, {"emb": count(4) + 100}], FOLDER / "list.bin")
torch.save(hypernetwork_file(), FOLDER / "hypernetwork.pt")
