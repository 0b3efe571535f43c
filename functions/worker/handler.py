"""EventBridge, every five minutes: mend what indexing alone can't see, and read again what no log
tells (spec of each step: usecases/maintain.py).
"""

from random import randint
from time import sleep, time
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from onlineticket.indexer.wiring import Index, open_indexes
from onlineticket.usecases.maintain import Maintenance, maintain

logger = Logger()


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    rounds = [_round(index) for index in open_indexes()]
    return {
        "healed": sum(done.healed for done in rounds),
        "dead_letters": sum(done.dead_letters for done in rounds),
    }


def _round(index: Index) -> Maintenance:
    done = maintain(
        index.chain, index.store, index.from_block, now=int(time()), pick=randint, sleep=sleep
    )
    logger.info(
        "maintained",
        suite_id=index.store.suite_id,
        rescanned_blocks=done.blocks,
        healed=done.healed,
        doubtful=done.doubtful,
        dead_letters=done.dead_letters,
        reread=done.reread,
    )
    return done
