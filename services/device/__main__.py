"""A device on the command line."""

import argparse
import secrets
import sys
from pathlib import Path

import msgspec

from services.device.device import Device
from services.device.errors import DeviceError, Unavailable
from services.device.uploader import Uploader

EPILOG = """\
put NAME QUANTITY [ID]   put an item; without an id it gets one
remove ID                remove an item
visit                    count a visit
                         these three print the number under which it was accepted: it is on this
                         disk, and will be uploaded exactly once
sync                     upload what is pending, and print the session as the service has it
show                     print the session as it will be, and what the device knows; asks nobody
link                     print a code with which another device joins this session, once
join CODE                join the session of the device that printed the code
begin                    leave the session for a new one, into which goes what is pending
run                      take these commands from standard input, a line each, and upload meanwhile
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m services.device",
        description="A session, also offline: what is done here is uploaded once the service can be reached.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--base", default="http://127.0.0.1:8080/stateless", help="default: %(default)s")
    parser.add_argument("--log", type=Path, default=Path("device.db"), help="its log; default: %(default)s")
    parser.add_argument("command", nargs="...", metavar="COMMAND", help="see below")
    arguments = parser.parse_args()
    with Device(arguments.log, arguments.base) as device:
        if arguments.command == ["run"]:
            _run(device)
        else:
            try:
                print(obey(device, arguments.command))
            except Unavailable as error:
                sys.exit(f"{error}\n{len(device.pending)} pending in {arguments.log}: `sync` again later")
            except DeviceError as error:
                sys.exit(str(error))


def obey(device: Device, command: list[str]) -> str:
    """What to answer to a command. Raises `DeviceError`, and `SystemExit` for one that is none."""
    answer: object
    match command:
        case ["put", name, quantity, *rest] if len(rest) < 2 and quantity.isdecimal():
            answer = device.put(rest[0] if rest else secrets.token_hex(4), name, int(quantity))
        case ["remove", item_id]:
            answer = device.remove(item_id)
        case ["visit"]:
            answer = device.visit()
        case ["sync"]:
            answer = device.sync()
        case ["show"]:
            answer = shown(device)
        case ["link"]:
            answer = device.link()
        case ["join", code]:
            device.join(code)
            answer = "joins with the next upload"
        case ["begin"]:
            device.begin()
            answer = "begins with the next upload"
        case _:
            raise SystemExit(f"{' '.join(command)!r} is no command; --help lists them")
    return answer if isinstance(answer, str) else _json(answer)


def shown(device: Device) -> dict[str, object]:
    return {
        "session": device.view(),
        "pending": len(device.pending),
        "acknowledged": device.acknowledged,
        "in_doubt": device.in_doubt,
        "refused": device.refused,
        "losses": device.losses,
        "trouble": device.trouble,
    }


def _run(device: Device) -> None:
    with Uploader(device):
        for line in sys.stdin:
            try:
                print(obey(device, line.split()), flush=True)
            except (DeviceError, SystemExit) as error:
                print(error, flush=True)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


if __name__ == "__main__":
    main()
