from pages.session.treatment import Treatment


def test_a_whole_run_is_told_what_was_chosen_for_a_slice():
    assert Treatment().options == ["--grey=auto"]
    assert Treatment("5,90", is_evened=True).options == ["--grey=5,90", "--even"]
    assert Treatment("identity", True, True).options == ["--grey=identity", "--rescale", "--even"]
