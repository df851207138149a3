# Trains a small model of each kind with XGBoost 1.7 and writes, into the folder
# given, NAME.json, .ubj and .deprecated (binary) beside NAME.rows and what
# XGBoost makes of them: .raw margins, .pred predictions, .first margins of the
# first three rounds, .contrib changes of node expectation with the bias last.
import os
import sys

import numpy as np
import xgboost as xgb

out = sys.argv[1]
rng = np.random.RandomState(7)
n, d = 100, 8
X = rng.randn(n, d).astype(np.float32)
X[rng.rand(n, d) < 0.15] = np.nan
Z = np.nan_to_num(X)
y = Z[:, 0] - 2 * Z[:, 1] * Z[:, 2] + 0.3 * rng.randn(n)
positive = np.exp(np.clip(y, -3, 2))
sign = (y > 0) * 1.0
classes = np.digitize(y, [-1, 0, 1])
several = np.stack([y, -y, Z[:, 1]], 1)
C = X.copy()
C[:, 0] = rng.randint(0, 40, n)
C[:, 3] = rng.randint(0, 5, n)
C[rng.rand(n) < 0.1, 0] = np.nan
periodic = (C[:, 0] % 3 == 0) * 1.0 + np.nan_to_num(C[:, 1])

cases = {
    "squared": (dict(objective="reg:squarederror"), X, y),
    "base": (dict(objective="reg:squarederror", base_score=-7.25), X, y),
    "logistic": (dict(objective="binary:logistic", base_score=0.3), X, sign),
    "reglogistic": (dict(objective="reg:logistic"), X, sign),
    "logitraw": (dict(objective="binary:logitraw", base_score=0.3), X, sign),
    "hinge": (dict(objective="binary:hinge"), X, sign),
    "poisson": (dict(objective="count:poisson"), X, np.floor(positive)),
    "gamma": (dict(objective="reg:gamma", base_score=2.0), X, positive),
    "tweedie": (dict(objective="reg:tweedie"), X, np.maximum(0, y)),
    "cox": (dict(objective="survival:cox"), X, positive),
    "squaredlog": (dict(objective="reg:squaredlogerror"), X, positive),
    "huber": (dict(objective="reg:pseudohubererror"), X, y),
    "absolute": (dict(objective="reg:absoluteerror"), X, y),
    "softmax": (dict(objective="multi:softmax", num_class=4), X, classes),
    "softprob": (dict(objective="multi:softprob", num_class=4, num_parallel_tree=3, subsample=0.6), X, classes),
    "forest": (dict(objective="binary:logistic", num_parallel_tree=20, subsample=0.6, colsample_bynode=0.5, eta=1), X, sign),
    "dart": (dict(booster="dart", objective="reg:squarederror", rate_drop=0.3, one_drop=1), X, y),
    "dartmulti": (dict(booster="dart", objective="multi:softprob", num_class=4, rate_drop=0.3, normalize_type="forest"), X, classes),
    "gblinear": (dict(booster="gblinear", objective="reg:squarederror"), X, y),
    "gblinearmulti": (dict(booster="gblinear", objective="multi:softprob", num_class=4), X, classes),
    "category": (dict(objective="reg:squarederror", tree_method="hist", max_cat_to_onehot=1), C, periodic),
    "onehot": (dict(objective="reg:squarederror", tree_method="hist", max_cat_to_onehot=100), C, periodic),
    "multitarget": (dict(objective="reg:squarederror", tree_method="hist"), X, several),
    "multilabel": (dict(objective="binary:logistic", tree_method="hist"), X, (several > 0) * 1.0),
    "deep": (dict(objective="reg:squarederror", max_depth=0, grow_policy="lossguide", max_leaves=80, tree_method="hist", min_child_weight=0), X, y),
    "pruned": (dict(objective="reg:squarederror", gamma=8, tree_method="exact"), X, y),
    "leaf": (dict(objective="reg:squarederror", gamma=1e9), X, y),
    "pairwise": (dict(objective="rank:pairwise"), X, classes),
    "ndcg": (dict(objective="rank:ndcg"), X, classes),
    "map": (dict(objective="rank:map"), X, sign),
}


def write(name, values):
    values = np.asarray(values)
    np.savetxt(os.path.join(out, name), values.reshape(values.shape[0], -1), fmt="%.9g", delimiter=",")


for name, (params, rows, labels) in cases.items():
    categories = rows is C
    types = ["c" if i in (0, 3) else "float" for i in range(d)] if categories else None
    names = ["a name %d" % i for i in range(d)] if name == "squared" else None
    data = xgb.DMatrix(rows, label=labels, feature_types=types, feature_names=names, enable_categorical=categories)
    if params["objective"].startswith("rank:"):
        data.set_group([10] * (n // 10))
    booster = xgb.train(dict(params, verbosity=0, seed=1, nthread=1), data, 7)
    for ext in ("json", "ubj") if categories else ("json", "ubj", "deprecated"):
        booster.save_model(os.path.join(out, name + "." + ext))
    write(name + ".rows", rows)
    write(name + ".raw", booster.predict(data, output_margin=True))
    write(name + ".pred", booster.predict(data))
    if params.get("booster", "gbtree") == "gbtree" and not categories:
        write(name + ".first", booster.predict(data, output_margin=True, iteration_range=(0, 3)))
        write(name + ".contrib", booster.predict(data, pred_contribs=True, approx_contribs=True))
    if name == "squared":
        with open(os.path.join(out, name + ".pickle"), "wb") as f:
            f.write(booster.__getstate__()["handle"])
