"""What trained CIFAR-10 teachers answer to test images: constants of tests/engines/teachers.rs.

usage: V/bin/python scripts/make_teacher_answers.py DATA [COUNT]

One line a teacher: its name, right answers among the first COUNT test images (1,000 unless given), the SHA-256 of the answers, one byte
an image, and the smallest distance between the two highest logits, which says how safe the answers are from rounding.
"""
import hashlib
import os
import sys

import numpy as np
import torch

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "peer"))
import nets  # noqa: E402


def main():
    folder, count = sys.argv[1], int((sys.argv[2:] or ["1000"])[0])
    records = np.fromfile(os.path.join(folder, "cifar-10-batches-bin", "test_batch.bin"), np.uint8).reshape(-1, 3073)[:count]
    pixels = torch.from_numpy(records[:, 1:].reshape(-1, 3, 32, 32)).float() / 255
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    for depth in (20, 56):
        net = nets.CifarResNet((depth - 2) // 6)
        missing, unknown = net.load_state_dict(nets.read_safetensors(os.path.join(folder, "weights", f"cifar10_resnet{depth}.safetensors")), strict=False)
        assert not unknown and all(name.endswith("num_batches_tracked") for name in missing), (missing, unknown)
        net.eval()
        with torch.no_grad():
            logits = torch.cat([net(part) for part in ((pixels - mean) / std).split(250)])
        top = logits.topk(2).values
        answers = logits.argmax(1).numpy().astype(np.uint8)
        right = int((answers == records[:, 0]).sum())
        print(f"cifar10_resnet{depth}", right, hashlib.sha256(answers.tobytes()).hexdigest(), f"{(top[:, 0] - top[:, 1]).min():.1e}")


if __name__ == "__main__":
    main()
