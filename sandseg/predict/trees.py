"""Decision trees as plain arrays: small files that cannot run code, walked by scikit-learn."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sklearn.tree._tree import Tree

LEAF = 255  # stands where a node that splits names its feature


@dataclass(frozen=True, eq=False)
class TreeArrays:
    """The nodes of T trees in one list, each tree in depth-first order.

    A node's left child is the next one, its right child `skip` further on. N nodes, L of them
    leaves, C classes.
    """

    n_nodes: np.ndarray  # (T,) int64, of each tree
    feature: np.ndarray  # (N,) uint8, or `LEAF`
    threshold: np.ndarray  # (N - L,) float32, of the nodes that split: up to it goes left
    skip: np.ndarray  # (N - L,) uint32, of the nodes that split
    shares: np.ndarray  # (L, C) uint8, of the leaves: training pixels of each class, of 255

    def is_sound(self, n_features: int, n_classes: int) -> bool:
        """Whether every node leads to later ones of its own tree, and every number is there."""
        is_split = self.feature != LEAF
        n_splits = np.count_nonzero(is_split)
        if (
            self.n_nodes.min(initial=1) < 1
            or not self.n_nodes.sum() == len(self.feature) > 0
            or not len(self.threshold) == len(self.skip) == n_splits
            or self.shares.shape != (len(self.feature) - n_splits, n_classes)
        ):
            return False
        ends = np.repeat(np.cumsum(self.n_nodes), self.n_nodes)
        right = np.flatnonzero(is_split) + self.skip.astype(np.int64)
        return bool(
            (self.skip >= 2).all()
            and (right < ends[is_split]).all()
            and (self.feature[is_split] < n_features).all()
        )


def from_sklearn(trees: Sequence["Tree"], classes: np.ndarray, n_classes: int) -> TreeArrays:
    """Take the numbers out of scikit-learn's trees, which stand in depth-first order already.

    `classes` are the labels that the trees tell apart, in their order.
    """
    is_split = np.concatenate([tree.children_left >= 0 for tree in trees])
    feature = np.concatenate([tree.feature for tree in trees])
    exact = np.concatenate([tree.threshold for tree in trees])[is_split]
    threshold = exact.astype(np.float32)
    # Rounded down, never up, a float32 threshold parts float32 features as the exact one does.
    threshold = np.where(threshold > exact, np.nextafter(threshold, np.float32(-np.inf)), threshold)
    skips = [tree.children_right - np.arange(tree.node_count) for tree in trees]
    values = np.concatenate([tree.value[:, 0] for tree in trees])[~is_split]
    shares = np.zeros((len(values), n_classes))
    shares[:, classes] = values / values.sum(axis=1, keepdims=True)
    return TreeArrays(
        n_nodes=np.array([tree.node_count for tree in trees], np.int64),
        feature=np.where(is_split, feature, LEAF).astype(np.uint8),
        threshold=threshold,
        skip=np.concatenate(skips)[is_split].astype(np.uint32),
        shares=np.rint(shares * 255).astype(np.uint8),
    )


def to_sklearn(arrays: TreeArrays, n_features: int) -> list["Tree"]:
    """Build trees whose `predict` gives (P, C) float64 shares for (P, F) float32 features."""
    is_split = arrays.feature != LEAF
    threshold, skip = np.zeros(is_split.size), np.zeros(is_split.size, np.intp)
    threshold[is_split], skip[is_split] = arrays.threshold, arrays.skip
    shares = np.zeros((is_split.size, arrays.shares.shape[1]))
    shares[~is_split] = arrays.shares / 255
    trees, start = [], 0
    for stop in np.cumsum(arrays.n_nodes):
        part = slice(start, stop)
        nodes = _nodes(arrays.feature[part], threshold[part], skip[part])
        trees.append(_tree(nodes, shares[part], n_features))
        start = stop
    return trees


def _nodes(feature: np.ndarray, threshold: np.ndarray, skip: np.ndarray) -> np.ndarray:
    """Return the nodes of one tree as scikit-learn lays them out in memory."""
    from sklearn.tree._tree import NODE_DTYPE  # slow to load

    is_split = feature != LEAF
    positions = np.arange(len(feature))
    nodes = np.zeros(len(feature), NODE_DTYPE)
    nodes["left_child"] = np.where(is_split, positions + 1, -1)
    nodes["right_child"] = np.where(is_split, positions + skip, -1)
    nodes["feature"] = np.where(is_split, feature, -2)
    nodes["threshold"] = threshold
    return nodes


def _tree(nodes: np.ndarray, shares: np.ndarray, n_features: int) -> "Tree":
    from sklearn.tree._tree import Tree

    tree = Tree(n_features, np.array([shares.shape[1]], np.intp), 1)
    tree.__setstate__(
        {
            "max_depth": len(nodes),
            "node_count": len(nodes),
            "nodes": nodes,
            "values": np.ascontiguousarray(shares[:, None, :]),
        }
    )
    return tree
