"""Which passwords are long enough and yet among the most used? The first 8 hex digits of each one's SHA-256.

All with 12 characters or more of the 30,000 most used that zxcvbn lists, which took them from public breaches. Hashes,
since many are names or no words to print; of all other passwords one in 19 million is refused with them.
"""

import hashlib

_LISTED = """
0025f757 0054a7de 00a6b72d 00cfe46d 015000f4 01f71c9a 024b4c2f 02f51482 032cc11f 04959fa8 04ccc674 051925d0 05341415
05960492 05bb432a 0625e5bf 0647f4b0 07f53162 097cb6c3 09938f91 09fba794 0a67248b 0d6ffddb 0da0b943 0de05e45 14864a6a
14bbe3f7 15034343 1668c11f 16e539e8 17417ebf 174cb751 185efd4c 18bf6edc 194828bd 1a6842ff 1a6bd4d9 1b01e30a 1b733e30
1c312dd6 1c699d06 1f454e8c 20e7c2e8 23ce07fe 243d023c 2566a18c 27eecf97 2889f546 2929e22f 2943a567 2b0a8c23 2cb3809e
2d543bbc 2d8a4132 30005f56 319bae28 31f61e77 33d73e23 35b6d0aa 35f91566 36279996 36aa15a8 37e72d54 38b87b10 395f2910
3a5745a0 3b4da2e2 3ea456b4 3f5c0b5f 40f598cc 4346ff92 4379b1d2 43908748 45c86bff 46a281cd 481ec310 4891f856 4ac1f5ae
4bb5ed52 4c73d6c7 50bfee49 50f48097 53a60c94 58baa3c5 58c6b1d3 59e20f69 5bd7adb0 5d5a70a2 5e4ff8eb 5e610e6b 5e9286da
5f3b3b61 5f50dd72 5ffed2e1 606be4be 617034c2 6265db0c 62d9b56b 64a8136b 65bc867f 6678d43e 66f1fa83 67d710a5 6ad665a0
6ae21716 6b84199f 6c5f285a 6eedfb96 70e448ef 715a9749 716f9ff9 7179b0b3 73476e38 7398cf10 74305616 765ad9f4 772f0fe1
775b9c20 780b10cf 789b99e9 7c36c5b0 7dcac91a 7fd06f0e 8174a05d 81d06fe9 8206d22f 82ba701b 83703549 845ba5e4 84615b1a
84ebc1ba 8768ced2 87d97d15 8907a499 89352621 89b00a2e 8ae902dd 8bf4dec5 8c5cae7c 8c6e96f7 8df95026 9015b350 9077d1af
909cde4a 925b13a7 9457299b 953124f5 95b3af30 95ce70d9 9c8f5a4a 9edd7412 a0364755 a2456ff0 a603974a a627af49 a68bf3b2
a91f0cc2 a9a95a63 ab8b9e02 acf45488 ae5deb86 af57f9a2 b01eb000 b0256f0e b108fdf8 b10e6427 b28c22cd b2c37ed1 b3828225
b4c4d8d1 b51d7bea b6b90102 b836be35 b9689b46 b9c95064 bc5b3fe3 bea7f088 c2bc829f c6558d2c c68689b3 c6b3e510 c7e40225
c82079ec c85f67ba c8ade45e c8c38b9c c9034e49 cab18e5c cacfd524 cb5e0fac cc57129a ce642872 d1746e1c d25b1b53 d52475ba
d84a9a6b d86c8651 d8aafc4b d8aecc65 db7ad950 dbdcf01b de6278ab e000f40f e12b82d1 e168897b e4005e2c e49a3321 e6381801
e714ccb2 e773bb5d e8f1ad2b e9a2f4d0 ecef7b1e eee9c6e1 eefa1c7e ef52ace0 f1fa5d6c f384c0e4 f3c88012 f3eac56e f587d4d5
f5c9316b f5f1ce8f f644b3d0 f7bcd2d4 f815ae61 f941f557 f952b74b fa6e5e5a
"""
_COMMON = frozenset(_LISTED.split())


def is_common(password: str) -> bool:
    """Tell whether a password is among the most used."""
    return hashlib.sha256(password.lower().encode("utf-8", "surrogateescape")).hexdigest()[:8] in _COMMON
