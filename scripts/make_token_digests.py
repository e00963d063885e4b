"""Digests of SST-2 as token ids, by Hugging Face's tokeniser in pure Python: constants of tests/engines/bert/sentences.rs.

usage: V/bin/pip install 'transformers<5'
       V/bin/python scripts/make_token_digests.py DATA/sst2

One line a split: the SHA-256 that `untrained` writes into a manifest for the whole split in file order, 50 tokens, [CLS] and [SEP],
padding masked (ids and mask of each sentence as little-endian f32, then all labels as u32).
"""
import hashlib
import os
import sys

import numpy as np
from transformers import BertTokenizer

folder = sys.argv[1]
tokenizer = BertTokenizer(os.path.join(folder, "bert-base-uncased-vocab.txt"), do_lower_case=True)
for split in ("train", "dev", "test"):
    lines = open(os.path.join(folder, split + ".tsv"), encoding="utf-8").read().split("\n")[:-1]
    labels, texts = zip(*(line.split("\t") for line in lines))
    encoded = tokenizer(list(texts), padding="max_length", truncation=True, max_length=50)
    rows = np.stack([np.array(encoded["input_ids"]), np.array(encoded["attention_mask"])], 1).astype("<f4")
    digest = hashlib.sha256(rows.tobytes() + np.array([int(label) for label in labels], "<u4").tobytes())
    print(split, len(lines), digest.hexdigest())
