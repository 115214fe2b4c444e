"""Who vouches for people: providers of identities, asked over the network."""
