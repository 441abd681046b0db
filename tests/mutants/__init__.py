"""Each clause of the rules taken out or weakened, one at a time: some test must notice.

``targets`` says what is mutated and how a mutant takes the original's place, ``mutators`` how
a piece of syntax can be weakened, ``loop`` runs the tests of each mutant in a forked child.
"""
