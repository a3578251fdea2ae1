"""The demonstration: a clinic with invented people, made through the same actions as a real one.

`build.build_demonstration` writes it in the order of time; `cast` names staff, `people` the patients and their courses.
"""
