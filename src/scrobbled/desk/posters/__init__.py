"""Pictures of what is watched: which one belongs to a title, fetched once, kept on disk within a bound."""

from scrobbled.art.gallery import Gallery
from scrobbled.art.picture import Picture
from scrobbled.art.shelf import Shelf

__all__ = ["Gallery", "Picture", "Shelf"]
