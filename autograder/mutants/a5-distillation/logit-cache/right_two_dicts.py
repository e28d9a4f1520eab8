# A dict for each view, clones in and out.
class LogitCache:
    def __init__(self, teacher):
        self.teacher = teacher
        self.stores = {True: {}, False: {}}

    def logits(self, images, index, flipped):
        wanted = [(self.stores[bool(f)], int(i)) for i, f in zip(index, flipped)]
        open_places, promised = [], []
        for place, (store, number) in enumerate(wanted):
            if number not in store:
                store[number] = None
                open_places.append(place)
                promised.append((store, number))
        if open_places:
            found = measure.predict(self.teacher, images[torch.tensor(open_places)])
            for (store, number), row in zip(promised, found):
                store[number] = row.detach().clone()
        return torch.stack([store[number] for store, number in wanted]).clone()
