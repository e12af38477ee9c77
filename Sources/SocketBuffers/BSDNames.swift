// SPDX-License-Identifier: BSD-2-Clause
// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation, AlwaysUseLowerCamelCase
//
// Socket buffers in BSD's spelling: BSDName.swift says how that works. The names are those of the tables in
// ComingFromBSD.md, in the same order.

public import UMA

@available(*, unavailable, renamed: "SocketBuffer.reserve(limit:)")
@export(implementation) public var sbreserve: BSDName { fatalError() }

@available(*, unavailable, message: "it is 8, see SocketBuffer.reserve(limit:)")
@export(implementation) public var sockbuf_waste_factor: Int { fatalError() }

@available(*, unavailable, renamed: "SocketBuffer.reserve(_:limit:_:limit:)")
@export(implementation) public var soreserve: BSDName { fatalError() }

@available(*, unavailable, renamed: "SocketBuffer.release()")
@export(implementation) public var sbrelease: BSDName { fatalError() }

@available(*, unavailable, renamed: "SocketBuffer.space")
@export(implementation) public var sbspace: BSDName { fatalError() }

@available(*, unavailable, renamed: "Packet.storageByteCount")
@export(implementation) public var sballoc: BSDName { fatalError() }

@available(*, unavailable, renamed: "Packet.storageByteCount")
@export(implementation) public var sbfree: BSDName { fatalError() }

@available(*, unavailable, renamed: "SocketBuffer.append(_:)")
@export(implementation) public var sbappend: BSDName { fatalError() }

@available(*, unavailable, renamed: "SocketBuffer.appendStream(_:)")
@export(implementation) public var sbappendstream: BSDName { fatalError() }

@available(*, unavailable, renamed: "SocketBuffer.appendRecord(_:)")
@export(implementation) public var sbappendrecord: BSDName { fatalError() }

@available(*, unavailable, renamed: "SocketBuffer.appendAddress(_:control:data:from:)")
@export(implementation) public var sbappendaddr: BSDName { fatalError() }

@available(*, unavailable, renamed: "SocketBuffer.appendControl(_:data:)")
@export(implementation) public var sbappendcontrol: BSDName { fatalError() }

@available(*, unavailable, renamed: "SocketBuffer.insertOutOfBand(_:)")
@export(implementation) public var sbinsertoob: BSDName { fatalError() }

@available(*, unavailable, message: "every append does it, see SocketBuffer.coalesces")
@export(implementation) public var sbcompress: BSDName { fatalError() }

@available(*, unavailable, renamed: "SocketBuffer.coalesces")
@export(implementation) public var SB_NOCOALESCE: Int { fatalError() }

@available(*, unavailable, renamed: "SocketBuffer.drop(_:)")
@export(implementation) public var sbdrop: BSDName { fatalError() }

@available(*, unavailable, renamed: "SocketBuffer.dropRecord()")
@export(implementation) public var sbdroprecord: BSDName { fatalError() }

@available(*, unavailable, renamed: "SocketBuffer.flush()")
@export(implementation) public var sbflush: BSDName { fatalError() }

@available(*, unavailable, renamed: "SocketBuffer.cut(_:)")
@export(implementation) public var sbcut: BSDName { fatalError() }

@available(*, unavailable, renamed: "SocketBuffer.copyToSend(from:byteCount:)")
@export(implementation) public var sbsndptr: BSDName { fatalError() }

@available(*, unavailable, renamed: "SocketBuffer.checkInvariants()")
@export(implementation) public var sbcheck: BSDName { fatalError() }

@available(*, unavailable, renamed: "SocketBuffer.checkInvariants()")
@export(implementation) public var sblastrecordchk: BSDName { fatalError() }

@available(*, unavailable, renamed: "SocketBuffer.checkInvariants()")
@export(implementation) public var sblastmbufchk: BSDName { fatalError() }

@available(*, unavailable, renamed: "SocketBuffer.receiveRecord()")
@export(implementation) public var soreceive: BSDName { fatalError() }

@available(*, unavailable, renamed: "DatagramSocket.receive(until:)")
@export(implementation) public var soreceive_dgram: BSDName { fatalError() }

@available(*, unavailable, renamed: "DatagramSocket.send(_:to:control:)")
@export(implementation) public var sosend: BSDName { fatalError() }

@available(*, unavailable, renamed: "DatagramSocket.send(_:to:control:)")
@export(implementation) public var sosend_dgram: BSDName { fatalError() }

@available(
  *, unavailable,
  message: "DatagramSocket.receive(until:) waits, and deliver(_:from:to:control:) wakes"
)
@export(implementation) public var sbwait: BSDName { fatalError() }

@available(
  *, unavailable,
  message: "DatagramSocket.receive(until:) waits, and deliver(_:from:to:control:) wakes"
)
@export(implementation) public var sorwakeup: BSDName { fatalError() }

@available(
  *, unavailable,
  message: "DatagramSocket.receive(until:) waits, and deliver(_:from:to:control:) wakes"
)
@export(implementation) public var sowwakeup: BSDName { fatalError() }

@available(*, unavailable, renamed: "SocketBuffer.isReadable")
@export(implementation) public var soreadable: BSDName { fatalError() }

@available(*, unavailable, renamed: "SocketBuffer.isWritable")
@export(implementation) public var sowriteable: BSDName { fatalError() }

@available(*, unavailable, renamed: "DatagramSocket.connect(to:)")
@export(implementation) public var soconnect: BSDName { fatalError() }

@available(*, unavailable, renamed: "DatagramSocket.disconnect()")
@export(implementation) public var sodisconnect: BSDName { fatalError() }

@available(*, unavailable, renamed: "DatagramSocket.close()")
@export(implementation) public var soclose: BSDName { fatalError() }

@available(*, unavailable, renamed: "DatagramSocket.shutdown(_:)")
@export(implementation) public var soshutdown: BSDName { fatalError() }

@available(*, unavailable, renamed: "DatagramSocket.shutdown(_:)")
@export(implementation) public var sorflush: BSDName { fatalError() }

@available(*, unavailable, renamed: "DatagramSocket.endInput()")
@export(implementation) public var socantrcvmore: BSDName { fatalError() }

@available(*, unavailable, renamed: "DatagramSocket.shutdown(_:)")
@export(implementation) public var socantsendmore: BSDName { fatalError() }
