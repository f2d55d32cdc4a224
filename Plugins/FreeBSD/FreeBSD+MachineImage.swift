internal import PluginKit

/// FreeBSD publishes disks of installed systems. Two of them have the serial console that is needed here: BASIC-CI,
/// where root has no password, and BASIC-CLOUDINIT, whose nuageinit(7) runs the script of a NoCloud seed.
extension FreeBSD {
    func machineImage(_ request: MachineImageRequest, _ target: CheckedRequest) throws -> MachineImageRecipe? {
        guard request.target.architecture == "x86_64" else {
            throw Refusal("\(request.target.target): images can be made for x86_64 only")
        }
        let hasSeed = request.installer.contains("-BASIC-CLOUDINIT")
        guard hasSeed || request.installer.contains("-BASIC-CI") else {
            throw Refusal(
                "'\(request.installer)' is neither a BASIC-CI nor a BASIC-CLOUDINIT image of FreeBSD",
                hint: "give FreeBSD-\(target.version)-RELEASE-amd64-BASIC-CLOUDINIT-ufs.qcow2.xz or a similar file")
        }
        return MachineImageRecipe(
            source: .systemDisk, verification: InstallerVerification(list: "CHECKSUM.SHA256"),
            diskSize: 24 << 30, login: InstalledSystem.login,
            files: [InstalledSystem.scriptName: installed.script(request)], seed: hasSeed ? seed(request) : nil,
            boots: [
                InstallerBoot(
                    "prepare", network: true,
                    dialogue: hasSeed
                        ? [installed.prepared] : installed.dialogue(request, welcome: "Welcome to FreeBSD"),
                    failures: [
                        InstalledSystem.failure, "panic:", "Impossible to find a cloud init provider",
                        "Enter full pathname of shell",
                    ])
            ])
    }
}

/// nuageinit parses the script as YAML before it runs it, so the script must also be a plain YAML scalar.
private func seed(_ request: MachineImageRequest) -> SeedDisk {
    SeedDisk(
        label: "cidata",
        files: [
            "meta-data": "instance-id: ciso\nlocal-hostname: ciso\n",
            "user-data": "#!/bin/sh\n\(installed.command(request))\n",
        ])
}

/// The published images let root log in by ssh without a password, or the user freebsd with a known one.
private let installed = InstalledSystem(
    createLogin: """
        pw useradd \(InstalledSystem.login) -m -s /bin/sh
        home=/home/\(InstalledSystem.login)
        """,
    configure: """
        env ASSUME_ALWAYS_YES=yes pkg install -y sudo
        echo '\(InstalledSystem.login) ALL=(ALL) NOPASSWD: ALL' >/usr/local/etc/sudoers.d/\(InstalledSystem.login)
        grep -Ev '^(PermitRootLogin|PermitEmptyPasswords|PasswordAuthentication) yes' /etc/ssh/sshd_config >/tmp/sshd_config
        cat /tmp/sshd_config >/etc/ssh/sshd_config
        pw usermod root -h -
        rm -f /firstboot
        """,
    powerOff: "shutdown -p now", fetch: "fetch -q -o -")
