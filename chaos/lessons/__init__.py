"""The claims about containers and the places where they keep state, as runnable checks."""

from typing import Any

from chaos.lessons.builders import ChangeAfterVolume
from chaos.lessons.distributed import DistributedMount
from chaos.lessons.layers import CopyOnWrite, OwnLayer, Precedence, StopKeeps
from chaos.lessons.lesson import Lesson
from chaos.lessons.mounts import BindTwoWays, HidesOrFills, ReadOnly, SingleFile
from chaos.lessons.sharing import SharedVolume
from chaos.lessons.volumes import ImageUpdate, VolumeCarries, VolumeInstruction

_ALL: tuple[Lesson[Any], ...] = (
    OwnLayer(),
    StopKeeps(),
    CopyOnWrite(),
    Precedence(),
    VolumeCarries(),
    VolumeInstruction(),
    ChangeAfterVolume(),
    ImageUpdate(),
    SharedVolume(),
    BindTwoWays(),
    ReadOnly(),
    HidesOrFills(),
    SingleFile(),
    DistributedMount(),
)
LESSONS = {lesson.name: lesson for lesson in _ALL}
