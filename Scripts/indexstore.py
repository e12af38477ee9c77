# SPDX-License-Identifier: BSD-2-Clause
"""Reads what the compiler wrote down while it built: which symbol stands where, and in what role.

A debug build leaves it in `.build/debug/index/store`; the toolchain's `libIndexStore` reads it.
"""
import ctypes
import dataclasses
import os
import pathlib
import shutil
import subprocess
import sys

# Bits of an occurrence's role, and kinds of symbols, as in `indexstore/indexstore.h`.
DEFINITION, REFERENCE, IMPLICIT = 1 << 1, 1 << 2, 1 << 8
MODULE, PARAMETER = 1, 25
_RECORD = 2


class _Text(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("byteCount", ctypes.c_size_t)]

    def __str__(self):
        return ctypes.string_at(self.data, self.byteCount).decode() if self.byteCount else ""


_pointer = ctypes.c_void_p
_each_unit = ctypes.CFUNCTYPE(ctypes.c_bool, _pointer, _Text)
_each = ctypes.CFUNCTYPE(ctypes.c_bool, _pointer, _pointer)


@dataclasses.dataclass(frozen=True)
class Occurrence:
    file: str  # from the package's folder
    line: int
    module: str
    symbol: str  # unified symbol resolution: the same in every file
    name: str
    kind: int
    role: int

    @property
    def defines(self):
        return bool(self.role & DEFINITION)

    @property
    def refers(self):
        """Whether the source itself says the name."""
        return bool(self.role & REFERENCE) and not self.role & IMPLICIT


def _library():
    swift = pathlib.Path(shutil.which("swift") or sys.exit("please install: Swift")).resolve()
    folder = swift.parent.parent / "lib"
    name = next((name for name in ("libIndexStore.so", "libIndexStore.dylib")
                 if (folder / name).exists()), None)
    if name is None:
        sys.exit(f"indexstore: no libIndexStore in {folder}")
    library = ctypes.CDLL(str(folder / name))

    def function(name, result, *arguments):
        found = getattr(library, f"indexstore_{name}")
        found.restype, found.argtypes = result, arguments
        return found

    return function


def build(root, *targets):
    """Builds what is named, or all with its tests, for its index."""
    for words in [["--target", target] for target in targets] or [["--build-tests"]]:
        subprocess.run(["swift", "build", *words], cwd=root, check=True, stdout=sys.stderr)


def occurrences(root):
    """Every occurrence of a symbol in the files below `root` that a debug build has seen."""
    function = _library()
    open_store = function("store_create", _pointer, ctypes.c_char_p, _pointer)
    units = function("store_units_apply_f", ctypes.c_bool, _pointer, ctypes.c_uint, _pointer, _each_unit)
    open_unit = function("unit_reader_create", _pointer, _pointer, ctypes.c_char_p, _pointer)
    main_file = function("unit_reader_get_main_file", _Text, _pointer)
    module_name = function("unit_reader_get_module_name", _Text, _pointer)
    close_unit = function("unit_reader_dispose", None, _pointer)
    dependencies = function("unit_reader_dependencies_apply_f", ctypes.c_bool, _pointer, _pointer, _each)
    dependency_kind = function("unit_dependency_get_kind", ctypes.c_int, _pointer)
    dependency_name = function("unit_dependency_get_name", _Text, _pointer)
    dependency_path = function("unit_dependency_get_filepath", _Text, _pointer)
    open_record = function("record_reader_create", _pointer, _pointer, ctypes.c_char_p, _pointer)
    close_record = function("record_reader_dispose", None, _pointer)
    in_record = function(
        "record_reader_occurrences_apply_f", ctypes.c_bool, _pointer, _pointer, _each)
    symbol_of = function("occurrence_get_symbol", _pointer, _pointer)
    roles_of = function("occurrence_get_roles", ctypes.c_uint64, _pointer)
    number = ctypes.POINTER(ctypes.c_uint)
    place_of = function("occurrence_get_line_col", None, _pointer, number, number)
    usr_of = function("symbol_get_usr", _Text, _pointer)
    name_of = function("symbol_get_name", _Text, _pointer)
    kind_of = function("symbol_get_kind", ctypes.c_int, _pointer)

    root = pathlib.Path(root).resolve()
    path = root / ".build/debug/index/store"
    store = open_store(os.fsencode(path), None)
    if not store:
        sys.exit(f"indexstore: nothing in {path}; a debug build writes it")
    names = []
    units(store, 1, None, _each_unit(lambda _, name: names.append(str(name)) or True))
    found = []
    for name in names:
        unit = open_unit(store, name.encode(), None)
        if not unit:
            continue
        main, module = str(main_file(unit)), str(module_name(unit))
        records = []

        def note(_, dependency, main=main, records=records):
            if dependency_kind(dependency) == _RECORD and str(dependency_path(dependency)) == main:
                records.append(str(dependency_name(dependency)))
            return True

        inside = main.startswith(f"{root}/") and not main.startswith(f"{root}/.build")
        if inside and os.path.exists(main):
            dependencies(unit, None, _each(note))
        close_unit(unit)
        for record in records:
            reader = open_record(store, record.encode(), None)
            if not reader:
                continue
            line, column = ctypes.c_uint(), ctypes.c_uint()

            def collect(_, occurrence, main=main, module=module, line=line, column=column):
                symbol = symbol_of(occurrence)
                place_of(occurrence, line, column)
                found.append(Occurrence(
                    main[len(str(root)) + 1:], line.value, module, str(usr_of(symbol)),
                    str(name_of(symbol)), kind_of(symbol), roles_of(occurrence)))
                return True

            in_record(reader, None, _each(collect))
            close_record(reader)
    return found
