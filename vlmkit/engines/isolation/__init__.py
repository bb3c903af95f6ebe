"""A model in a child process: a native abort, a kill or a hang there costs a few asks, and not this process.

frames, messages   what goes between the two, bounded and typed
child              what runs in the child              process   the child as its parent has it
watch              whether it still answers            asks      what is asked of it, and what a death costs
engine             the model as people have it
"""
