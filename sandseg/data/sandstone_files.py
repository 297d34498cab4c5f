"""What is published of the real sandstone: which slices, where, and the checksums of all files."""

from sandseg.settings import MIRROR

# Fixed for all who train: scores on the test slice mean something only while nobody learns from it.
SPLIT = {
    "train": ("0000", "0050", "0100", "0200", "0250"),
    "validation": ("0150",),
    "test": ("0300",),
}
UNLABELLED_SLICES = ("0180",)
SANDSTONE_VOXEL_SIZE_UM = 2.2315
SANDSTONE_URL = "https://raw.githubusercontent.com/bnsreenu/python_for_microscopists/master/images/"
_IMAGE_SHA256 = {
    "0000": "679a580fbb701fa9793d54ebad84b56ac9702b1ef7d695911ce816b8edb53182",
    "0050": "2c4c3eb95578b9da2bed139f03da5ab453f97415396ab94d2b4088899ba335ee",
    "0100": "7a8fbb85cd75a997afb670d0a50547e011d58a0e851eb44589a74807f588ca66",
    "0150": "cfedf80523d836453d2f91e282d871b592466c198dc8149b2afade1de069d245",
    "0180": "73f0cec2fb552a736b567d68813bc342a9beaad80a93a99bee96c9cce9e6e439",
    "0200": "cbf570c847b09c9724e68c911751ad42ffc6ac0e55c8ca8e2ded21351af0d053",
    "0250": "a744a491011949f0aa6aaf7508bf6c823a7636c619ce016fd0b89ddc05ff486a",
    "0300": "8ddf1231f26031f380f1660f47aadd31c1a5c9f9f2746fcac2476f8375fe3e88",
}
_MASK_SHA256 = {
    "0000": "a56f4362cdb5139058bdcc8a078958dd0933684602e7617829be01688ff2ee66",
    "0050": "49b590712c89ba7761460a8f1ae21d79cd8816c6d54ef9a8bb7c91ca08858b2f",
    "0100": "fd5d5ac0982a7733b9c5f58a0a936058eac688d1b38be3d605e34fe88ecdf1a3",
    "0150": "7c410f73884180f5a684195ca07dd254dd4b1f97fcbfbfb330363a1d99ea78f3",
    "0200": "a227c379f6adfaccebc44fe503afda053ec70c92bc8c826d8df3bce965fd309f",
    "0250": "631166a9af7f3ce3ee891caca59210600edf8678dec294a163c7da1d4c9b5b03",
    "0300": "4f3b2c66f4088ba13d09cdbb8b7e662cfaf7d4d08c6837e46d23149d4ff11439",
}
DOWNLOAD_MB = 9  # all files together


def image_name(number: str) -> str:
    """Where the grey values of a slice lie in the folder sandstone/."""
    return f"images/Sandstone_Versa{number}.tif"


def mask_name(number: str) -> str:
    """Where the labels of a slice lie in the folder sandstone/."""
    return f"masks/Sandstone_Versa{number}.tif"


SANDSTONE_SHA256 = {
    **{image_name(number): sha256 for number, sha256 in _IMAGE_SHA256.items()},
    **{mask_name(number): sha256 for number, sha256 in _MASK_SHA256.items()},
}


def address(name: str) -> str:
    """Where a file lies: images and masks in folders of their own, the unlabelled slice beside."""
    folder, file = name.split("/")
    folders = {"images": "Train_images/", "masks": "Train_masks/"}
    is_apart = any(number in file for number in UNLABELLED_SLICES)
    published = f"{file.removesuffix('.tif')}_image.tif" if is_apart else file
    base = MIRROR.read() or SANDSTONE_URL
    return base.rstrip("/") + "/" + ("" if is_apart else folders[folder]) + published
