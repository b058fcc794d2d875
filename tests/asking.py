"""Writers of questions without weights: what they answer is planted in `ANSWERS`, a text to its answers by draw. Named `asking:NAME`."""

import re

from rewriting import Scripted

from freqbias.paraphrases.candidates import QUESTION, prompt

ANSWERS = {}
_SPLIT = re.compile(re.escape(prompt(QUESTION, "\0")).replace("\0", "(.*)"), re.DOTALL)


class Asker(Scripted):
    """Gives the next planted answer to a text at every call, the last one again where there is no other."""

    stopped = None
    quits_at = None

    def forget(self):
        self.calls, self.stopped, self.quits_at = [], None, None

    def write(self, prompts, *, n, max_tokens, temperature, seed):
        shown = [_SPLIT.fullmatch(message)[1] for message in prompts]
        self.calls.append(shown)
        if len(self.calls) == self.quits_at:
            self.stopped = "the server is gone"
            return [[None] for _ in prompts]
        return [[ANSWERS[text][min(seed % 2, len(ANSWERS[text]) - 1)]] for text in shown]


asker = Asker("asker")
