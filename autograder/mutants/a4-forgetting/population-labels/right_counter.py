# Counts example by example with a Counter.
from collections import Counter


def population_labels(logits):
    labels = []
    for example in logits.unbind(1):
        votes = Counter(example.argmax(-1).tolist())
        most = max(votes.values())
        probability = example.softmax(-1).sum(0)
        tied = [label for label in votes if votes[label] == most]
        labels.append(max(tied, key=lambda label: float(probability[label])))
    return torch.tensor(labels)
