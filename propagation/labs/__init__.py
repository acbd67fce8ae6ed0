"""Labs: experiments built on engine and theory together."""
