"""Which elements carry each rule out, and which stories and tests cover it?"""
