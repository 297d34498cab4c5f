"""Files of other programs: what they are, told by their bytes and names, and how they convert."""

from sandseg.errors import FILE, StackError

_DICOM = (
    "Convert the folder of slices on a command line with the package SimpleITK: python -c "
    "\"import numpy, SimpleITK as s; numpy.save('scan.npy', s.GetArrayFromImage(s.ReadImage("
    "s.ImageSeriesReader.GetGDCMSeriesFileNames('FOLDER'))))\". Or open it in Fiji with File › "
    "Import › Bio-Formats and save it with File › Save As › Tiff…."
)
_NIBABEL = (
    'Convert it on a command line with the package nibabel: python -c "import numpy, nibabel; '
    f"numpy.save('scan.npy', numpy.asarray(nibabel.load('{FILE}').dataobj).T)\"."
)
_AMIRA = "Export it as TIFF in Amira or Avizo, or open it in Fiji and save it as TIFF."
_ZEISS = (
    "Export the slices of the .txm (a .txrm holds projections) as TIFF in Zeiss's software, or on "
    "a command line with the package dxchange of conda-forge (that of PyPI is another): python -c "
    f"\"import numpy, dxchange; numpy.save('scan.npy', dxchange.read_txrm('{FILE}')[0])\"."
)
_NPZ = (
    'Take one of its arrays out on a command line: python -c "import numpy; data = '
    f"numpy.load('{FILE}'); print(data.files)\" names them, python -c \"import numpy; "
    f"numpy.save('scan.npy', numpy.load('{FILE}')['NAME'])\" saves one."
)
_HDF5 = (
    'Take one of its data sets out on a command line with the package h5py: python -c "import '
    f"h5py; h5py.File('{FILE}').visit(print)\" names them, python -c \"import numpy, h5py; "
    f"numpy.save('scan.npy', h5py.File('{FILE}')['NAME'][...])\" saves one."
)
_IMAGEJ_ROI = (
    "In Fiji, make a black picture of the scan's size, fill the selections of each class with its "
    "number, 1, 2 … (Process › Math › Set), and save it as TIFF."
)
_LABKIT = "In Labkit, save it as TIFF: Labeling › Save Labeling …, with the ending .tif."
_ILASTIK = (
    'In ilastik, choose Prediction Export with "Labels" as the source and TIFF or NumPy as the '
    "format, and export all."
)

_BY_NAME = (
    ((".nii", ".nii.gz"), "a NIfTI volume", _NIBABEL),
    ((".img", ".hdr"), "an Analyze or NIfTI volume", _NIBABEL),
    ((".dcm", ".dicom", ".ima"), "a DICOM image", _DICOM),
    ((".am",), "an Amira volume", _AMIRA),
    ((".txrm", ".txm", ".xrm"), "a Zeiss TXRM/TXM scan", _ZEISS),
    ((".roi",), "an ImageJ selection", _IMAGEJ_ROI),
    ((".labeling",), "a labeling of Labkit", _LABKIT),
    ((".ilp",), "an ilastik project", _ILASTIK),
    ((".npz",), "an archive of NumPy arrays", _NPZ),
    ((".h5", ".hdf5", ".nxs"), "an HDF5 file", _HDF5),
)
_BY_BYTES = (
    (b"# AmiraMesh", "an Amira volume", _AMIRA),
    (b"# Avizo", "an Amira volume", _AMIRA),
    (b"Iout", "an ImageJ selection", _IMAGEJ_ROI),
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
    raise StackError(f'"{FILE}" is {kind}, which is not read here.', hint=hint)


def refuse_by_name(name: str) -> None:
    """Refuse a file whose ending is that of another program, with the way to convert it.

    Raises:
        StackError: It has such a name.
    """
    kind, hint = _by_name(name.lower())
    if kind:
        raise StackError(f'"{FILE}" is {kind}, which is not read here.', hint=hint)


def _recognize(name: str, start: bytes) -> tuple[str, str]:
    if start[128:132] == b"DICM":
        return "a DICOM image", _DICOM
    if start[344:348] in (b"n+1\0", b"ni1\0"):
        return "a NIfTI volume", _NIBABEL
    if name.endswith(".ilp"):  # which is HDF5, too
        return "an ilastik project", _ILASTIK
    if name.endswith(".npz"):
        return "an archive of NumPy arrays", _NPZ
    for magic, kind, hint in _BY_BYTES:
        if start.startswith(magic):
            return kind, hint
    return _by_name(name)


def _by_name(name: str) -> tuple[str, str]:
    for endings, kind, hint in _BY_NAME:
        if name.endswith(endings):
            return kind, hint
    return "", ""
