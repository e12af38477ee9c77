// SPDX-License-Identifier: BSD-2-Clause
import ArgumentParser
import HostInterfaces
import Interfaces
import InternetStack
import Mbufs
import Pcap
import Replay
import Reports
import SocketBuffers
import Wire

/// `mbuma echo`: answers on an address, with a stack of its own.
struct EchoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "echo",
    abstract: "Answer on an address: ping, UDP echo, and errors for closed ports.",
    discussion: """
      On link:, tap: and tun: the stack has addresses of its own, which --address gives with the \
      bits of their network, as 10.0.0.2/24 or fd00::2/64. It answers ARP and neighbour discovery, \
      ping, and UDP on the ports given, and tells senders of closed ports; datagrams of any length \
      come and go in fragments. raw: answers on an address that the host has, for one UDP port, \
      and leaves the rest to the host. It ends by Control-C, and says what it did.
      """)

  @Option(help: "Where: raw:ADDRESS, link:INTERFACE, tap:NAME or tun:NAME.")
  var on: EchoPlace

  @Option(help: "An address of the stack, with its network: 10.0.0.2/24, fd00::2/64; several.")
  var address: [EchoAddress] = []

  @Option(help: "The router for all other networks.")
  var gateway: [EchoGateway] = []

  @Option(help: "A UDP port to echo on; several. 7 if none is given.")
  var port: [UInt16] = []

  @Option(help: "Another small service on its own port: discard, chargen or time; several.")
  var service: [UDPService.Kind] = []

  @Option(name: .customLong("pcap"), help: "Write what comes and goes to this capture.")
  var trace: String?

  @Option(help: "Stop after so many seconds.")
  var duration: Double?

  @Option(name: .customLong("drop-chance"), help: "Lose packets, each with this chance, both ways.")
  var dropChance = 0.0

  @Option(help: "The seed of all random numbers; another each time if left out.")
  var seed: UInt64?

  @Option(help: "The most clusters of the pool; 0 is no limit.")
  var limitClusters = Quantity(16_384)

  @Flag(help: "Print one JSON object.")
  var json = false

  @Flag(name: .customLong("no-progress"), help: "Show no progress on a terminal.")
  var hidesProgress = false

  /// The ports to echo on.
  private var ports: [UInt16] { port.isEmpty ? [UDPService.Kind.echo.port] : port }

  func validate() throws {
    #if !os(Linux)
      if on.needsAddresses { throw ValidationError("this system has raw: and nothing else") }
    #endif
    if on.needsAddresses, address.isEmpty {
      throw ValidationError("say which address is the stack's: --address 10.0.0.2/24")
    }
    if !on.needsAddresses {
      if !address.isEmpty { throw ValidationError("raw: has the address that it names") }
      if ports.count > 1 || !service.isEmpty {
        throw ValidationError("raw: answers on one port: the host answers on all others")
      }
    }
    if ports.contains(0) { throw ValidationError("--port must be within 1...65535") }
    guard 0...1 ~= dropChance else { throw ValidationError("--drop-chance must be within 0...1") }
    if let duration, !(duration > 0 && duration <= 1e9) {
      throw ValidationError("--duration must be above 0")
    }
  }

  func run() throws {
    var report = EchoReport(place: on)
    do throws(InterfaceError) {
      try serve(&report)
    } catch {
      report.error = error
      Terminal.warn("mbuma: \(error)")
    }
    let isReported =
      report.error != nil && report.stack.received == 0 && !json
      || Terminal.report(json ? report.json.prettyText + "\n" : report.text, isJSON: json)
    if let error = report.error { throw (ExitStatus(rawValue: error.exitCode) ?? .failed).code }
    if !isReported { throw ExitStatus.failed.code }
    if report.stack.received == 0 { throw ExitStatus.nothing.code }
  }

  // MARK: Opening

  private func serve(_ report: inout EchoReport) throws(InterfaceError) {
    let pool = MbufPool(clusterLimit: limitClusters.value)
    switch on {
    case .raw(let address):
      let socket: RawIPSocket
      do throws(SystemError) {
        socket = try RawIPSocket(holding: ports[0], on: address)
      } catch {
        throw InterfaceError(error)
      }
      try run(socket, on: StackInterface(addresses: [InterfaceAddress(address)]), pool, &report)
    #if os(Linux)
      case .link(let name):
        try refuseAddressesOfHost()
        let socket = try PacketSocket(name)
        let interface = ethernet(name, try MACAddress(ofInterface: name), socket.traits)
        try run(socket, on: interface, pool, &report)
      case .tap(let name):
        let device = try TunDevice(name, .tap)
        // Of this stack alone: the host's end has another.
        let bits = UInt64.random(in: 0...0xff_ffff_ffff)
        let interface = ethernet(name, MACAddress(0x0200_0000_0000 | bits), device.traits)
        try run(device, on: interface, pool, &report)
      case .tun(let name):
        let device = try TunDevice(name, .tun)
        let interface = StackInterface(
          name: name, mtu: min(device.traits.mtu, 65_535), addresses: address.map(\.value))
        try run(device, on: interface, pool, &report)
    #else
      default: throw InterfaceError(.unsupported, "cannot answer on \(on.description)")
    #endif
    }
  }

  private func ethernet(
    _ name: String, _ own: MACAddress, _ traits: LinkTraits
  ) -> StackInterface {
    StackInterface(
      name: name, hardwareAddress: own, mtu: min(traits.mtu, 65_535),
      addresses: address.map(\.value))
  }

  /// The kernel answers for its own addresses too, with "port unreachable".
  private func refuseAddressesOfHost() throws(InterfaceError) {
    for address in address {
      let own = address.value.address
      guard own.isOfThisHost else { continue }
      let other = if case .v4 = own { ", or answer there with --on raw:\(own)" } else { "" }
      throw InterfaceError(
        .unfit, "cannot answer on \(own)", why: "it is this host's own: the kernel answers too",
        advice: "give another address of the network" + other)
    }
  }

  // MARK: Running

  private func run<Link: Interface & ~Copyable>(
    _ link: consuming Link, on interface: StackInterface, _ pool: MbufPool,
    _ report: inout EchoReport
  ) throws(InterfaceError) {
    var faults = Faults()
    faults.dropChance = dropChance
    let seed = seed ?? .random(in: .min ... .max)
    let faulty = FaultInjector(link, incoming: faults, outgoing: faults, seed: seed)
    guard let trace else { return try answer(faulty, on: interface, pool, seed, &report) }
    let writer: CaptureWriter
    do throws(PcapError) {
      writer = try CaptureWriter(
        path: trace, linkType: interface.linkType, resolution: .nano)
    } catch {
      throw InterfaceError(error)
    }
    try answer(Tracer(faulty, to: writer), on: interface, pool, seed, &report)
  }

  private func answer<Link: Interface & ~Copyable>(
    _ link: consuming Link, on interface: StackInterface, _ pool: MbufPool, _ seed: UInt64,
    _ report: inout EchoReport
  ) throws(InterfaceError) {
    var stack = InternetStack(policy: policy, pool: pool, seed: seed)
    let id = stack.add(interface)
    if interface.linkType.isRaw {
      stack.addRoute(to: InterfaceAddress(IPv4Address.any, prefixBitCount: 0), on: id)
      stack.addRoute(to: InterfaceAddress(IPv6Address.any, prefixBitCount: 0), on: id)
    }
    for gateway in gateway { stack.addRoute(to: gateway.network, by: gateway.address, on: id) }
    let services = try bind(&stack)
    var server = EchoServer(
      host: StackHost(stack, on: link, pool: pool), services: services)
    let control = ReplayControl()
    Interrupts.stop(control)
    let progress = ProgressLine(isShown: !hidesProgress && Terminal.isInteractive)
    Terminal.warn("mbuma: answering on \(on.description); end with Control-C")
    let start = ContinuousClock.now
    var failure: InterfaceError?
    do throws(InterfaceError) {
      try server.run(control, for: duration, progress)
    } catch {
      failure = error
    }
    progress.clear()
    report.durationInNanoseconds = Int64(Bench.nanoseconds(.now - start))
    report.stack = server.host.stack.statistics
    report.link = server.host.link.statistics
    report.refused = server.host.refusedPacketCount
    report.services = server.services.map { service in
      (
        service.kind.rawValue, Int(server.host.stack.statistics(of: service.socket).local.port),
        service.statistics
      )
    }
    _ = consume server
    report.outstanding = pool.outstanding
    if let failure { throw failure }
  }

  private var policy: InternetStack.Policy {
    var policy = InternetStack.Policy()
    guard case .raw = on else { return policy }
    // The kernel gives a raw socket no hint that a sender on this host left the sum to a device.
    policy.acceptsPartialChecksums = true
    // The address is the host's as well: its own programs speak to the server from there.
    policy.acceptsLocalSources = true
    // All else is the kernel's to answer.
    policy.isSilent = true
    return policy
  }

  private func bind(_ stack: inout InternetStack) throws(InterfaceError) -> [UDPService] {
    var services: [UDPService] = []
    let wanted = ports.map { (UDPService.Kind.echo, $0) } + service.map { ($0, $0.port) }
    for (kind, port) in wanted {
      do throws(BindError) {
        services.append(UDPService(kind, on: try stack.bind(port: port, limit: 1 << 20)))
      } catch {
        throw InterfaceError(.unfit, "cannot serve \(kind.rawValue)", why: "\(error)")
      }
    }
    return services
  }
}

/// An address of the stack on the command line.
struct EchoAddress: ExpressibleByArgument {
  let value: InterfaceAddress

  init?(argument: String) {
    guard let value = InterfaceAddress(argument), !value.address.isAny, !value.address.isMulticast
    else { return nil }
    self.value = value
  }
}

/// A router on the command line.
struct EchoGateway: ExpressibleByArgument {
  let address: IPAddress
  /// Everything of its family.
  let network: InterfaceAddress

  init?(argument: String) {
    guard let address = IPAddress(argument), !address.isAny, !address.isMulticast else {
      return nil
    }
    self.address = address
    network =
      switch address {
      case .v4: InterfaceAddress(IPv4Address.any, prefixBitCount: 0)
      case .v6: InterfaceAddress(IPv6Address.any, prefixBitCount: 0)
      }
  }
}

extension UDPService.Kind: ExpressibleByArgument {}
