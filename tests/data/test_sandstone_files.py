"""The addresses and the split of the real sandstone are those that were published."""

from sandseg.data.sandstone_files import SPLIT, address


def test_the_published_addresses_are_those_of_the_data_set():
    base = "https://raw.githubusercontent.com/bnsreenu/python_for_microscopists/master/images/"

    assert address("images/Sandstone_Versa0000.tif") == (
        base + "Train_images/Sandstone_Versa0000.tif"
    )
    assert address("masks/Sandstone_Versa0300.tif") == (
        base + "Train_masks/Sandstone_Versa0300.tif"
    )
    assert address("images/Sandstone_Versa0180.tif") == (base + "Sandstone_Versa0180_image.tif")


def test_no_slice_is_in_two_parts_of_the_split():
    numbers = [number for part in SPLIT.values() for number in part]

    assert len(numbers) == len(set(numbers)) == 7
    assert SPLIT["test"] == ("0300",)
