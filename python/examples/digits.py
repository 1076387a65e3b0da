#!/usr/bin/env python3
"""Handwritten digits: codes of an autoencoder for a classifier, against those of PCA.

Cells begin with `# %%`; Jupyter, VS Code and Spyder run them one by one.
"""
# %% [markdown]
# # Codes for a classifier
#
# 1797 images of 8 x 8 pixels come with scikit-learn. An autoencoder and principal component
# analysis make codes of 8 numbers of them; logistic regression tells the digits by the codes.

# %% Data
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import hourglass

images, digits = load_digits(return_X_y=True)
images = images / 16  # to [0, 1], what a sigmoid output can give
train, test, train_digits, test_digits = train_test_split(
    images, digits, random_state=0, stratify=digits
)

# %% A pipeline of each
autoencoder = hourglass.Autoencoder(
    layers=[64, 96, 48, 8],
    activation="elu",
    learning_rate=5e-3,
    schedule="cosine",
    batch=64,
    micro_batch=16,
    epochs=60,
)
for name, codes in (("autoencoder", autoencoder), ("PCA", hourglass.PCA(n_components=8))):
    pipeline = make_pipeline(codes, StandardScaler(), LogisticRegression(max_iter=1000))
    pipeline.fit(train, train_digits)
    print(
        f"{name}: accuracy {pipeline.score(test, test_digits):.3f}, "
        f"squared error {-codes.score(test):.3f}"
    )

# %% [markdown]
# A sample with a large reconstruction error is unlike the training data: images upside down are.

# %% Anomalies
print(f"digits: {-autoencoder.score_samples(test).mean():.2f}")
print(f"upside down: {-autoencoder.score_samples(test[:, ::-1]).mean():.2f}")

# %% A search over settings of the program, each with cross-validation
search = GridSearchCV(
    autoencoder.set_params(epochs=10), {"learning_rate": [1e-4, 1e-3, 1e-2]}, cv=2
)
search.fit(train)
print("best:", search.best_params_)

# %% Saved as a model file, which every command of the program reads
search.best_estimator_.save("digits.h5")
restored = hourglass.Autoencoder.load("digits.h5")
print("restored:", restored.transform(test).shape)
