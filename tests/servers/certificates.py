"""Certificates for servers on loopback, made anew for each run: an authority, and what it vouches for.

They say all that RFC 5280 asks of them, for from 3.13 on Python trusts no others.
"""

import datetime as dt
import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_PEM = serialization.Encoding.PEM


@dataclass(frozen=True)
class Authority:
    """One that signs. file: its certificate, by which its servers are trusted."""

    file: Path
    _key: ec.EllipticCurvePrivateKey
    _certificate: x509.Certificate

    def server(self, name: str, *, expired: bool = False) -> ssl.SSLContext:
        """Return how a server shows itself as `name`, and as 127.0.0.1 if that is localhost."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.shown(name, expired=expired))
        return context

    def shown(self, name: str, *, expired: bool = False) -> Path:
        """Return a file with the key and the certificate by which a server shows itself as `name`."""
        key = ec.generate_private_key(ec.SECP256R1())
        names: list[x509.GeneralName] = [x509.DNSName(name)]
        if name == "localhost":
            names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
        made = _builder(name, self._certificate.subject, key, expired=expired)
        made = made.add_extension(x509.SubjectAlternativeName(names), critical=False)
        signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        made = made.add_extension(signer, critical=False)
        file = self.file.with_name(f"{self.file.stem}-{name}-{expired}.pem")
        private = key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        file.write_bytes(private + made.sign(self._key, hashes.SHA256()).public_bytes(_PEM))
        return file


def authority(folder: Path, name: str) -> Authority:
    """Make an authority whose files lie in `folder`."""
    key = ec.generate_private_key(ec.SECP256R1())
    made = _builder(name, _name(name), key).add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    made = made.add_extension(_signs(), critical=True)
    made = made.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    certificate = made.sign(key, hashes.SHA256())
    file = folder / f"{name}.pem"
    file.write_bytes(certificate.public_bytes(_PEM))
    return Authority(file, key, certificate)


def _signs() -> x509.KeyUsage:
    """Return that a key signs certificates, and is for nothing else."""
    others = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    unused = dict.fromkeys((*others, "crl_sign", "encipher_only", "decipher_only"), False)
    return x509.KeyUsage(key_cert_sign=True, **unused)


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _builder(
    name: str, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, *, expired: bool = False
) -> x509.CertificateBuilder:
    now, day = dt.datetime.now(dt.UTC), dt.timedelta(days=1)
    ends = now - day if expired else now + day
    made = x509.CertificateBuilder().subject_name(_name(name)).issuer_name(issuer).public_key(key.public_key())
    return made.serial_number(x509.random_serial_number()).not_valid_before(ends - 3 * day).not_valid_after(ends)
