# Different: saves to memory and reads how large the written storages are.
def stored_bytes(state: dict[str, torch.Tensor]) -> int:
    import io
    import zipfile

    file = io.BytesIO()
    torch.save(dict(state), file)
    entries = zipfile.ZipFile(file).infolist()
    return sum(e.file_size for e in entries if "/data/" in e.filename)
