"""Ends as soon as its only future is done."""

import asyncio
import sys

import lines


async def main():
    await lines.AsyncClient(sys.argv[1]).get("colour")


asyncio.run(main())
