"""May we write to this person: consent with its proof, suppression, and unsubscribing."""
