"""What is mutated is still there: a rule that moved would be asked nothing."""

from tests.mutants import targets


def test_every_target_is_found_and_every_rule_of_an_action_has_mutants():
    mutants = targets.mutants()
    assert {mutant.path for mutant in mutants} == {
        f"{target.module.replace('.', '/')}.py" for target in targets.TARGETS
    }
    shown = [str(mutant) for mutant in mutants]
    for clause in ("clauses.not_sponsor", "clauses.author_not_recused", "clauses.not_agreer"):
        assert any(f"without where={clause}" in one for one in shown), clause
