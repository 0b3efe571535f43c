"""EventBridge, every five minutes: mend what indexing alone can't see, and read again what no log
tells (spec of each step: usecases/maintain.py).
"""

from random import randint
from time import sleep, time
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from onlineticket.indexer.wiring import open_index
from onlineticket.usecases.maintain import maintain

logger = Logger()


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    index = open_index()
    done = maintain(
        index.chain, index.store, index.from_block, now=int(time()), pick=randint, sleep=sleep
    )
    logger.info(
        "maintained",
        rescanned_blocks=done.blocks,
        healed=done.healed,
        doubtful=done.doubtful,
        dead_letters=done.dead_letters,
        reread=done.reread,
    )
    return {"healed": done.healed, "dead_letters": done.dead_letters}
