//! Text in, facts out: what the text of a turn tells about its chat, its time and its origin.
