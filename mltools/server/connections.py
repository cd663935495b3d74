"""Connections of clients that send the head of a request slowly or do not read their answer: bounded, as uvicorn does not."""

import asyncio
from typing import Any, ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol


class PatientProtocol(H11Protocol):
    """Closes a connection whose request's head is not whole within `head_seconds` of its first moment.

    So it does where the rest of a body does not come to an end after the answer. One whose answer waits for its client
    longer than `answer_seconds` is cut off: to close it would wait as well.
    """

    head_seconds: ClassVar[float] = 10.0
    answer_seconds: ClassVar[float] = 60.0
    _head_timer: asyncio.TimerHandle | None = None
    _answer_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=0)
        self._expect_head()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._answer_timer = self.loop.call_later(self.answer_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stop_answer_timer()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state is h11.IDLE:
            if self._head_timer is None:
                self._expect_head()  # the first bytes of a further request on a connection that was kept
        elif self.conn.our_state is not h11.DONE:
            self._stop_timer()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.conn.their_state is h11.SEND_BODY and self._head_timer is None:
            self._expect_head()  # of the next request, behind what is left of this one's body

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        self._stop_answer_timer()
        super().connection_lost(exc)

    def _expect_head(self) -> None:
        self._head_timer = self.loop.call_later(self.head_seconds, self._close_slow)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _stop_answer_timer(self) -> None:
        if self._answer_timer is not None:
            self._answer_timer.cancel()
            self._answer_timer = None

    def _close_slow(self) -> None:
        self._head_timer = None
        waits = self.conn.their_state is h11.IDLE or self.conn.our_state is h11.DONE
        if waits and not self.transport.is_closing():
            self.transport.close()
