"""What trimming a vocabulary has to know of a tokenizer.json. Needs no library of tokenizers."""

from pydantic import BaseModel

_TRIMMED_MODEL = "WordPiece"
#: What puts the special pieces around a text, and can be told their new numbers.
_RENUMBERED = ("TemplateProcessing", "BertProcessing")


class _Part(BaseModel):
    type: str | None = None


class TokenizerFile(BaseModel):
    """The content of a tokenizer.json, in the format of the library tokenizers, as far as it matters here."""

    model: _Part
    post_processor: _Part | None = None

    @property
    def trim_obstacle(self) -> str:
        """Why no word pieces can be taken from it; empty if they can. Old files do not name their type."""
        if self.model.type not in (None, _TRIMMED_MODEL):
            return f"tokenizer.json holds a '{self.model.type[:40]}' model, not {_TRIMMED_MODEL}"
        if self.post_processor and self.post_processor.type not in (None, *_RENUMBERED):
            return f"tokenizer.json has a post-processor '{self.post_processor.type[:40]}', which trim does not know"
        return ""
