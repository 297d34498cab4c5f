import pytest

from sandseg.scan.several.numbering import clause_of, doubt_of_names


@pytest.mark.parametrize(
    "names",
    [
        [],
        ["scan.tif"],
        ["s1.tif", "s2.tif", "s3.tif"],
        ["s008.tif", "s009.TIF", "s010.tiff"],
        ["a/rec_0007_v2.png", "a/rec_0008_v2.png"],
        ["2024-03-05_0001.tif", "2024-03-05_0002.tif"],
        ["120301_s1.tif", "120317_s2.tif", "120322_s3.tif"],
        ["0.bmp", "1.bmp"],
    ],
)
def test_names_that_count_up_by_one_leave_no_doubt(names):
    assert doubt_of_names(names) == ""


@pytest.mark.parametrize(
    ("names", "doubt"),
    [
        (
            ["s003.tif", "s004.tif", "s006.tif", "s007.tif"],
            '"s006.tif" follows "s004.tif": slice 5 seems to be missing; the distance',
        ),
        (["s1.tif", "s2.tif", "s3.tif", "s9.tif"], "slices 4 to 8 seem to be missing;"),
        (["1.tif", "2.tif", "4.tif", "5.tif", "8.tif"], "to be missing, and so elsewhere (1)"),
        (["s0.tif", "s10.tif", "s20.tif", "s40.tif"], '"s40.tif" follows "s20.tif": slice 30'),
        (["0000.tif", "0050.tif", "0100.tif"], "the numbers count up by 50. If slices were left"),
        (["r1_01.tif", "r1_02.tif", "r2_01.tif", "r2_02.tif"], "the numbers begin anew"),
        (["berea.tif", "castlegate.tif"], '"castlegate.tif" is not named like "berea.tif"'),
        (["r_1.bmp", "r_2.bmp", "r_3.bmp", "r__spr.bmp"], '"r__spr.bmp" is not named like "r_1'),
        (["s1.tif", "s01.tif"], '"s1.tif" and "s01.tif" have the same number'),
        (["s1.png", "s1.tif", "s2.png"], '"s1.png" and "s1.tif" have the same number'),
    ],
)
def test_what_speaks_against_one_stack_is_said(names, doubt):
    assert doubt in doubt_of_names(names)


@pytest.mark.parametrize(
    ("names", "clause"),
    [
        (["s1.tif", "s2.tif"], ""),
        (["s1.tif", "s3.tif", "s4.tif"], '"s3.tif" follows "s1.tif"'),
        (["s1.tif", "s2_new.tif"], '"s2_new.tif" is not named like "s1.tif" with another number'),
    ],
)
def test_a_doubt_can_be_said_within_a_sentence(names, clause):
    assert clause_of(doubt_of_names(names)) == clause
