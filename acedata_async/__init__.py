"""Ace Data Cloud for asyncio: submit a song, await it, pay once.

    async with AceData() as ace:
        watcher = await ace.producer.generate("A song for Christmas")
        songs = await watcher
        path = await ace.download(songs[0], "songs/")

The path of one song through the package: `models.producer` (what is asked for, checked),
`tasks.submitter` (sent once), `tasks.poller` (looked up, together with all others),
`tasks.watcher` (awaited), `models.results` (what came out), `audio.download` (a file).
`bulk` takes many of them through all that, and `ledger` is where it is written down.
`resources.producer` is what users call, and `client` wires it all. `_rules` holds what decides,
`_transport` the network. `webhooks`, `integrations`, `sandbox`, `testing` and `cli` are doors of
their own; nothing here imports them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from acedata_async._version import __version__

if TYPE_CHECKING:
    from acedata_async.audio.download import Download, Progress
    from acedata_async.audio.tags import TagError, Tags, read_tags, write_tags
    from acedata_async.bulk.items import BulkItem
    from acedata_async.bulk.outcome import BulkOutcome, BulkStats
    from acedata_async.bulk.run import BulkRun
    from acedata_async.callbacks import Callbacks
    from acedata_async.client import AceData
    from acedata_async.config import DownloadPolicy, PollPolicy, Timeouts
    from acedata_async.errors import (
        AceDataError,
        APIError,
        AuthenticationError,
        ClientClosed,
        ConfigurationError,
        ConnectionFailed,
        DownloadError,
        InsufficientBalance,
        InvalidRequest,
        LedgerError,
        LinkExpired,
        MalformedResponse,
        NotFound,
        PaymentRequired,
        PermissionDenied,
        RateLimited,
        ServerError,
        SubmissionUnknown,
        TaskFailed,
        TaskNotFound,
        WatchTimeout,
    )
    from acedata_async.events import (
        CallAnswered,
        CallSent,
        Event,
        Observer,
        RateChanged,
        TaskFinal,
        TaskSeen,
    )
    from acedata_async.logs import log_events
    from acedata_async.models.fish import (
        Prosody,
        Reference,
        SpeechRequest,
        VoiceModelRequest,
        VoiceRequest,
    )
    from acedata_async.models.producer import (
        CoverRequest,
        ExtendRequest,
        GenerateRequest,
        ProducerRequest,
        ReplaceSectionRequest,
        SongRequest,
        StemsRequest,
        SwapInstrumentalsRequest,
        SwapVocalsRequest,
        UploadCoverRequest,
        UploadExtendRequest,
        UploadReplaceSectionRequest,
        VariationRequest,
    )
    from acedata_async.models.request import RequestWarning
    from acedata_async.models.results import Audio, Lyrics, Stems, UploadedAudio, VideoFile, WavFile
    from acedata_async.models.task import Failure, Task
    from acedata_async.models.task_request import TaskRequest
    from acedata_async.models.voices import Speech, Voice, VoiceAuthor, VoicePage, VoiceSample
    from acedata_async.stats import Stats
    from acedata_async.tasks.catalogue import VoiceListing
    from acedata_async.tasks.watcher import TaskWatcher
    from acedata_async.tasks.watchset import WatchSet

__all__ = [
    "APIError",
    "AceData",
    "AceDataError",
    "Audio",
    "AuthenticationError",
    "BulkItem",
    "BulkOutcome",
    "BulkRun",
    "BulkStats",
    "CallAnswered",
    "CallSent",
    "Callbacks",
    "ClientClosed",
    "ConfigurationError",
    "ConnectionFailed",
    "CoverRequest",
    "Download",
    "DownloadError",
    "DownloadPolicy",
    "Event",
    "ExtendRequest",
    "Failure",
    "GenerateRequest",
    "InsufficientBalance",
    "InvalidRequest",
    "LedgerError",
    "LinkExpired",
    "Lyrics",
    "MalformedResponse",
    "NotFound",
    "Observer",
    "PaymentRequired",
    "PermissionDenied",
    "PollPolicy",
    "ProducerRequest",
    "Progress",
    "Prosody",
    "RateChanged",
    "RateLimited",
    "Reference",
    "ReplaceSectionRequest",
    "RequestWarning",
    "ServerError",
    "SongRequest",
    "Speech",
    "SpeechRequest",
    "Stats",
    "Stems",
    "StemsRequest",
    "SubmissionUnknown",
    "SwapInstrumentalsRequest",
    "SwapVocalsRequest",
    "TagError",
    "Tags",
    "Task",
    "TaskFailed",
    "TaskFinal",
    "TaskNotFound",
    "TaskRequest",
    "TaskSeen",
    "TaskWatcher",
    "Timeouts",
    "UploadCoverRequest",
    "UploadExtendRequest",
    "UploadReplaceSectionRequest",
    "UploadedAudio",
    "VariationRequest",
    "VideoFile",
    "Voice",
    "VoiceAuthor",
    "VoiceListing",
    "VoiceModelRequest",
    "VoicePage",
    "VoiceRequest",
    "VoiceSample",
    "WatchSet",
    "WatchTimeout",
    "WavFile",
    "__version__",
    "log_events",
    "read_tags",
    "write_tags",
]

_HOMES = (
    "errors",
    "events",
    "logs",
    "stats",
    "config",
    "callbacks",
    "models.request",
    "models.results",
    "models.task",
    "models.producer",
    "models.task_request",
    "models.fish",
    "models.voices",
    "tasks.catalogue",
    "audio.download",
    "audio.tags",
    "tasks.watcher",
    "tasks.watchset",
    "bulk.items",
    "bulk.outcome",
    "bulk.run",
    "client",
)
"""Where the public names live, each module imported no earlier than somebody asks."""


if not TYPE_CHECKING:  # a type checker is to see the names above, and no others

    def __getattr__(name: str) -> Any:
        """Fetch a public name when it is first used: importing the package itself costs nothing."""
        if name in __all__:
            for home in _HOMES:
                module = import_module(f"{__name__}.{home}")
                if name in vars(module):
                    return globals().setdefault(name, getattr(module, name))
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
