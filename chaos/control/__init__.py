"""The control of every full matrix: a service with a store that is broken on purpose.

It runs in a container like the others, with this folder mounted into the stateful service's image. A
lab that does not catch it proves nothing by what it does not find.
"""
