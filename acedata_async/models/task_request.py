"""What is paid for and becomes a task, at any of the services."""

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar

from pydantic import Field, field_serializer

from acedata_async._rules.exchange import Call, service_of
from acedata_async.models.request import CALLBACK_FIELD, ApiRequest, WebAddress, mask_url
from acedata_async.models.task import Task

ResultT = TypeVar("ResultT")


class TaskRequest(ApiRequest, Generic[ResultT]):
    """A paid request that becomes a task; generic in what comes out of it.

    Attributes:
        action: What the API is asked to do.
        record_type: What the API calls such a task in its records; None where no source says.
        bare: What the result is called where the API may answer with it alone, without a word
            that it is done; None where it does not.
        callback_url: An address that the vendor calls when the task is over. It may hold a
            secret, so no repr and no export shows it.
    """

    action: ClassVar[str]
    record_type: ClassVar[str | None]
    bare: ClassVar[str | None] = None

    callback_url: WebAddress | None = Field(None, repr=False)

    if not TYPE_CHECKING:  # the result is of interest to type checkers only

        def __class_getitem__(cls, _: Any) -> type[Self]:
            return cls

    @field_serializer(CALLBACK_FIELD)
    def _mask_callback(self, url: str | None) -> str | None:
        masked: str | None = mask_url(url)
        return masked

    @classmethod
    def service(cls) -> str:
        """Return the service that it is for, such as `producer`."""
        return service_of(cls.path)

    def to_call(self, callback_url: str | None = None) -> Call:
        """Return what is sent.

        Args:
            callback_url: Takes the place of the request's own.

        Raises:
            InvalidRequest: The request was built around its checks, and does not pass them.
        """
        body = self.fields_to_send()
        if callback_url is not None:
            body[CALLBACK_FIELD] = callback_url
        return Call(self.path, body, "submit")

    @abstractmethod
    def result_of(self, task: Task) -> ResultT:
        """Read the result from the record of a task that succeeded."""
