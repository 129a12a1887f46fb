"""What people would pick instead: small applications, written as each one's documentation shows.

All serve the part of the services' HTTP contract that is measured. `create_app` makes each of them.
"""
