"""Files of other programs: what they are, told by their bytes and names, and how they convert."""

from sandseg.errors import FILE, StackError

_FIJI = "Open it in Fiji with File › Import › Bio-Formats and save it with File › Save As › Tiff…."
_NIBABEL = (
    "Convert it in Python with the package nibabel: "
    f"numpy.save('scan.npy', numpy.asarray(nibabel.load('{FILE}').dataobj).T)."
)
_AMIRA = "Export it as TIFF in Amira or Avizo, or open it in Fiji and save it as TIFF."
_ZEISS = (
    "Export the slices of the .txm (a .txrm holds projections) as TIFF in Zeiss's software, or in "
    f"Python with the package dxchange: numpy.save('scan.npy', dxchange.read_txrm('{FILE}')[0])."
)
_NPZ = (
    f"Take one array out in Python: data = numpy.load('{FILE}'); its names are data.files; "
    "numpy.save('scan.npy', data[name])."
)
_HDF5 = (
    "Take one data set out in Python with the package h5py: "
    f"numpy.save('scan.npy', h5py.File('{FILE}')[name][...]); list(h5py.File('{FILE}')) has names."
)

_BY_NAME = (
    ((".nii", ".nii.gz"), "a NIfTI volume", _NIBABEL),
    ((".dcm", ".dicom", ".ima"), "a DICOM image", _FIJI),
    ((".am",), "an Amira volume", _AMIRA),
    ((".txrm", ".txm", ".xrm"), "a Zeiss TXRM/TXM scan", _ZEISS),
    ((".npz",), "an archive of NumPy arrays", _NPZ),
    ((".h5", ".hdf5", ".nxs"), "an HDF5 file", _HDF5),
)
_BY_BYTES = (
    (b"# AmiraMesh", "an Amira volume", _AMIRA),
    (b"# Avizo", "an Amira volume", _AMIRA),
    (b"\x89HDF", "an HDF5 file", _HDF5),
    (b"\xd0\xcf\x11\xe0", "a Zeiss TXM/TXRM or old Office file", _ZEISS),
)
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def is_tiff(start: bytes) -> bool:
    """Tell from its first bytes whether a file is a TIFF."""
    return start.startswith(_TIFF)


def refuse_foreign(name: str, start: bytes) -> None:
    """Refuse a file of another program, with the way to convert it; a TIFF passes.

    Args:
        name: As the user knows it; its ending counts where the bytes tell nothing.
        start: Its first `N_START` bytes.

    Raises:
        StackError: It is such a file.
    """
    if not start or is_tiff(start):
        return
    kind, hint = _recognize(name.lower(), start)
    if not kind:
        return
    raise StackError(f'"{FILE}" is {kind}, not a TIFF.', hint=hint)


def _recognize(name: str, start: bytes) -> tuple[str, str]:
    if start[128:132] == b"DICM":
        return "a DICOM image", _FIJI
    if start[344:348] in (b"n+1\0", b"ni1\0"):
        return "a NIfTI volume", _NIBABEL
    if name.endswith(".npz"):
        return "an archive of NumPy arrays", _NPZ
    for magic, kind, hint in _BY_BYTES:
        if start.startswith(magic):
            return kind, hint
    for endings, kind, hint in _BY_NAME:
        if name.endswith(endings):
            return kind, hint
    return "", ""
