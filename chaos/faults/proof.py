"""What identities prove: the pieces of which the faults' proofs are made."""

from chaos.faults.fault import Instances, Witness


def ids(instances: Instances) -> set[str]:
    return {instance.id for instance in instances}


def boots(instances: Instances) -> set[str | None]:
    return {instance.boot for instance in instances}


def same_containers(witness: Witness) -> bool:
    return bool(witness.before) and ids(witness.before) == ids(witness.after)


def seen_throughout(witness: Witness) -> bool:
    """Whether each of them was seen while it lasted: what was not seen proves nothing."""
    return bool(witness.before) and ids(witness.before) == ids(witness.during)


def same_processes(witness: Witness) -> bool:
    """Whether the same processes are there as before, by their own word."""
    before = boots(witness.before)
    return same_containers(witness) and None not in before and before == boots(witness.after)


def calm(witness: Witness) -> bool:
    """Whether nothing was done to them: seen throughout, and the same processes all along."""
    return seen_throughout(witness) and same_processes(witness)


def new_processes(witness: Witness) -> bool:
    """Whether every process was replaced, by its own word and by the engine's."""
    before, after = witness.before, witness.after
    told = {i.started_at for i in before}.isdisjoint(i.started_at for i in after)
    return bool(before and told) and None not in boots(after) and boots(before).isdisjoint(boots(after))


def new_containers(witness: Witness) -> bool:
    """Whether every container was replaced, by as many that run."""
    before, after = witness.before, witness.after
    replaced = len(before) == len(after) > 0 and all(i.running for i in after)
    return replaced and ids(before).isdisjoint(ids(after))


def new_holders(witness: Witness) -> bool:
    """Whether every container that holds the state was replaced; true of a service that holds its own."""
    before, after = witness.holders_before, witness.holders_after
    return not before or (len(before) == len(after) and ids(before).isdisjoint(ids(after)))


def new_volumes(witness: Witness) -> bool:
    """Whether none of the volumes is there any more, be it that another one bears its name."""
    before = {volume for i in (*witness.before, *witness.holders_before) for volume in i.made.items()}
    after = {volume for i in (*witness.after, *witness.holders_after) for volume in i.made.items()}
    return before.isdisjoint(after)


def new_images(witness: Witness) -> bool:
    """Whether they run another image than before."""
    return {i.image for i in witness.before}.isdisjoint(i.image for i in witness.after)
