"""What can be said on the command line: each option once, with its help."""

from pathlib import Path
from typing import Annotated

import typer

LabelValuesOption = Annotated[
    str, typer.Option(help="What values of the true labels mean, as in 1=air,2=clay,0=-.")
]
LabelColorsOption = Annotated[
    str, typer.Option(help="What colors of the true labels mean, as in red=air,#ff8000=clay.")
]
LabelSlicesOption = Annotated[
    str, typer.Option(help="Slices that have true labels, from 1, as in 3,7,12 or 3-6.")
]
PredictedOption = Annotated[
    str, typer.Option(help="What values of the predicted labels mean, where another program's.")
]
ReportOption = Annotated[Path | None, typer.Option("--report", help="Write the numbers as JSON.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_FILE_HELP = (
    "A TIFF, PNG, BMP or JPEG, a ZIP or folder of such slices, .npy, .mhd, .nrrd, .vgi, or raw."
)
FileArgument = Annotated[Path, typer.Argument(help=_FILE_HELP)]
SeriesOption = Annotated[int | None, typer.Option(help="Which of several images, from 1.")]
ChannelOption = Annotated[int | None, typer.Option(help="Which channel, from 1.")]
TimeOption = Annotated[int | None, typer.Option(help="Which time point, from 1.")]
SlicesOption = Annotated[str, typer.Option(help="Only these, from 1, as in 10:20.")]
VoxelOption = Annotated[float | None, typer.Option(help="Edge of a voxel in µm.")]
_GREY_HELP = "auto, identity, or LOW,HIGH; a LOW above HIGH inverts."
GreyOption = Annotated[str, typer.Option(help=_GREY_HELP)]
_RESCALE_HELP = "Show slices to the model in voxels as large as those it learned from."
RescaleOption = Annotated[bool, typer.Option("--rescale", help=_RESCALE_HELP)]
_EVEN_HELP = "Even out brightness that drifts across the slices, as by beam hardening."
EvenOption = Annotated[bool, typer.Option("--even", help=_EVEN_HELP)]
_SAMPLE_HELP = "Where the sample lies: auto, all, circle:X,Y,RADIUS or box:LEFT,TOP,RIGHT,BOTTOM."
SampleOption = Annotated[str, typer.Option(help=_SAMPLE_HELP)]
_AVERAGE_HELP = "Average over eight ways to lay a slice down: surer of what is doubtful, slower."
AverageOption = Annotated[bool, typer.Option("--average", help=_AVERAGE_HELP)]
RawOption = Annotated[str, typer.Option(help="Raw voxels: ZxYxX,TYPE[,HEADER BYTES].")]
