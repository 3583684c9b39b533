# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

# For type checkers: what gi.repository.GLockFile has, with what the override adds.
# The types of GLib's own libraries come from PyGObject-stubs; without it they are unknown.

from asyncio import Future
from collections.abc import Callable
from os import PathLike
from types import TracebackType
from typing import Any, overload

from gi.repository import Gio, GLib, GObject

LOCK_FILE_MAJOR_VERSION: int
LOCK_FILE_MICRO_VERSION: int
LOCK_FILE_MINOR_VERSION: int

def lock_file_error_quark() -> int: ...

class LockFile(GObject.Object):
    class Props(GObject.Object.Props):
        @property
        def file_name(self) -> str: ...
        @property
        def locked(self) -> bool: ...
        @property
        def previous_holder(self) -> LockFileInfo | None: ...
        stale_lock_time: int

    @property
    def props(self) -> Props: ...
    @property
    def file_name(self) -> str: ...
    @property
    def locked(self) -> bool: ...
    @property
    def previous_holder(self) -> LockFileInfo | None: ...
    stale_lock_time: int
    def __init__(self, *, file_name: str = ..., stale_lock_time: int = ...) -> None: ...
    @classmethod
    def new(cls, file_name: str | bytes | PathLike[str]) -> LockFile: ...
    @classmethod
    def new_for_file(cls, file: Gio.File) -> LockFile: ...
    def get_file_name(self) -> str: ...
    def get_previous_holder(self) -> LockFileInfo | None: ...
    def get_stale_lock_time(self) -> int: ...
    def set_stale_lock_time(self, stale_lock_time: int) -> None: ...
    def is_locked(self) -> bool: ...
    def verify(self) -> bool: ...
    def __enter__(self) -> LockFile: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
    async def __aenter__(self) -> LockFile: ...
    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
    def hold(self, timeout: int = ..., cancellable: Gio.Cancellable | None = ...) -> _Hold: ...
    def lock(self, cancellable: Gio.Cancellable | None = ...) -> bool: ...
    @overload
    def lock_async(
        self,
        io_priority: int = ...,
        cancellable: Gio.Cancellable | None = ...,
        callback: None = ...,
    ) -> Future[bool]: ...
    @overload
    def lock_async(
        self,
        io_priority: int,
        cancellable: Gio.Cancellable | None,
        callback: Callable[..., None],
        *user_data: Any,
    ) -> None: ...
    @overload
    def lock_async(
        self,
        io_priority: int = ...,
        cancellable: Gio.Cancellable | None = ...,
        *,
        callback: Callable[..., None],
    ) -> None: ...
    def lock_finish(self, result: Gio.AsyncResult) -> bool: ...
    def try_lock(self, timeout: int, cancellable: Gio.Cancellable | None = ...) -> bool: ...
    @overload
    def try_lock_async(
        self,
        timeout: int,
        io_priority: int = ...,
        cancellable: Gio.Cancellable | None = ...,
        callback: None = ...,
    ) -> Future[bool]: ...
    @overload
    def try_lock_async(
        self,
        timeout: int,
        io_priority: int,
        cancellable: Gio.Cancellable | None,
        callback: Callable[..., None],
        *user_data: Any,
    ) -> None: ...
    @overload
    def try_lock_async(
        self,
        timeout: int,
        io_priority: int = ...,
        cancellable: Gio.Cancellable | None = ...,
        *,
        callback: Callable[..., None],
    ) -> None: ...
    def try_lock_finish(self, result: Gio.AsyncResult) -> bool: ...
    def unlock(self) -> bool: ...
    @overload
    def unlock_async(
        self,
        io_priority: int = ...,
        cancellable: Gio.Cancellable | None = ...,
        callback: None = ...,
    ) -> Future[bool]: ...
    @overload
    def unlock_async(
        self,
        io_priority: int,
        cancellable: Gio.Cancellable | None,
        callback: Callable[..., None],
        *user_data: Any,
    ) -> None: ...
    @overload
    def unlock_async(
        self,
        io_priority: int = ...,
        cancellable: Gio.Cancellable | None = ...,
        *,
        callback: Callable[..., None],
    ) -> None: ...
    def unlock_finish(self, result: Gio.AsyncResult) -> bool: ...
    @overload
    def verify_async(
        self,
        io_priority: int = ...,
        cancellable: Gio.Cancellable | None = ...,
        callback: None = ...,
    ) -> Future[bool]: ...
    @overload
    def verify_async(
        self,
        io_priority: int,
        cancellable: Gio.Cancellable | None,
        callback: Callable[..., None],
        *user_data: Any,
    ) -> None: ...
    @overload
    def verify_async(
        self,
        io_priority: int = ...,
        cancellable: Gio.Cancellable | None = ...,
        *,
        callback: Callable[..., None],
    ) -> None: ...
    def verify_finish(self, result: Gio.AsyncResult) -> bool: ...
    def query_info(self, cancellable: Gio.Cancellable | None = ...) -> LockFileInfo: ...
    @overload
    def query_info_async(
        self,
        io_priority: int = ...,
        cancellable: Gio.Cancellable | None = ...,
        callback: None = ...,
    ) -> Future[LockFileInfo]: ...
    @overload
    def query_info_async(
        self,
        io_priority: int,
        cancellable: Gio.Cancellable | None,
        callback: Callable[..., None],
        *user_data: Any,
    ) -> None: ...
    @overload
    def query_info_async(
        self,
        io_priority: int = ...,
        cancellable: Gio.Cancellable | None = ...,
        *,
        callback: Callable[..., None],
    ) -> None: ...
    def query_info_finish(self, result: Gio.AsyncResult) -> LockFileInfo: ...
    def remove_stale(self, cancellable: Gio.Cancellable | None = ...) -> bool: ...
    @overload
    def remove_stale_async(
        self,
        io_priority: int = ...,
        cancellable: Gio.Cancellable | None = ...,
        callback: None = ...,
    ) -> Future[bool]: ...
    @overload
    def remove_stale_async(
        self,
        io_priority: int,
        cancellable: Gio.Cancellable | None,
        callback: Callable[..., None],
        *user_data: Any,
    ) -> None: ...
    @overload
    def remove_stale_async(
        self,
        io_priority: int = ...,
        cancellable: Gio.Cancellable | None = ...,
        *,
        callback: Callable[..., None],
    ) -> None: ...
    def remove_stale_finish(self, result: Gio.AsyncResult) -> bool: ...

class _Hold:
    def __enter__(self) -> LockFile: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
    async def __aenter__(self) -> LockFile: ...
    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

class LockFileInfo(GObject.Object):
    class Props(GObject.Object.Props):
        @property
        def app_name(self) -> str: ...
        @property
        def boot_id(self) -> str | None: ...
        @property
        def display_name(self) -> str | None: ...
        @property
        def holder_state(self) -> LockFileHolderState: ...
        @property
        def hostname(self) -> str: ...
        @property
        def locked_since(self) -> GLib.DateTime | None: ...
        @property
        def machine_id(self) -> str | None: ...
        @property
        def pid(self) -> int: ...
        @property
        def token(self) -> str | None: ...
        @property
        def user_name(self) -> str | None: ...

    @property
    def props(self) -> Props: ...
    @property
    def app_name(self) -> str: ...
    @property
    def boot_id(self) -> str | None: ...
    @property
    def display_name(self) -> str | None: ...
    @property
    def holder_state(self) -> LockFileHolderState: ...
    @property
    def hostname(self) -> str: ...
    @property
    def locked_since(self) -> GLib.DateTime | None: ...
    @property
    def machine_id(self) -> str | None: ...
    @property
    def pid(self) -> int: ...
    @property
    def token(self) -> str | None: ...
    @property
    def user_name(self) -> str | None: ...
    def describe(self) -> str: ...
    def get_app_name(self) -> str: ...
    def get_boot_id(self) -> str | None: ...
    def get_display_name(self) -> str | None: ...
    def get_holder_state(self) -> LockFileHolderState: ...
    def get_hostname(self) -> str: ...
    def get_locked_since(self) -> GLib.DateTime | None: ...
    def get_machine_id(self) -> str | None: ...
    def get_pid(self) -> int: ...
    def get_token(self) -> str | None: ...
    def get_user_name(self) -> str | None: ...

class LockFileClass(GObject.GPointer):
    @property
    def parent_class(self) -> GObject.ObjectClass: ...

class LockFileInfoClass(GObject.GPointer):
    @property
    def parent_class(self) -> GObject.ObjectClass: ...

class LockFileError(GObject.GEnum):
    FAILED = 0
    LOCKED = 1
    PERMISSION_DENIED = 2
    NO_SPACE = 3
    NOT_FOUND = 4
    INVALID_DATA = 5
    NOT_SUPPORTED = 6
    LOST = 7
    @staticmethod
    def quark() -> int: ...

class LockFileHolderState(GObject.GEnum):
    UNKNOWN = 0
    RUNNING = 1
    GONE = 2
