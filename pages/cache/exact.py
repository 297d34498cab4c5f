"""Grey values without loss, for those who ask for them; the rules are those of `cache`."""

from pages.cache import slices as cache
from pages.cache.store import kept
from sandseg.export import overlay
from sandseg.export import tiff as export


@kept()
def exact_grey(
    source: str, z: int, model_name: str, model_sha256: str, grey: str = "auto"
) -> bytes:
    """Encode a slice on the model's grey scale as a PNG: several times the bytes of a JPEG.

    Raises:
        StackError: The slice is damaged.
    """
    mapping = cache.grey_mapping(source, model_name, model_sha256, grey)
    image = cache.open_source(source).read_slice(z)
    return export.encode_png(overlay.to_display(image, mapping.low, mapping.high))
