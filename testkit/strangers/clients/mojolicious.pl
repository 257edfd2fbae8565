# WebSocket client of libmojolicious-perl: mojolicious.pl URL [SUBPROTOCOL]; the line protocol is in strangers.ts.
use Mojo::Base -strict;
use Mojo::IOLoop;
use Mojo::IOLoop::Stream;
use Mojo::JSON qw(decode_json encode_json);
use Mojo::UserAgent;

my ($url, @subprotocols) = @ARGV;
STDOUT->autoflush(1);
my $agent = Mojo::UserAgent->new(inactivity_timeout => 0);

sub say_event { my ($event, %fields) = @_; print encode_json({event => $event, %fields}), "\n" }

sub obey {
  my ($socket, $command) = @_;
  my $do = $command->{do};
  if    ($do eq 'text')   { $socket->send({text => Mojo::Util::encode('UTF-8', $command->{data})}) }
  elsif ($do eq 'binary') { $socket->send({binary => pack('H*', $command->{hex})}) }
  elsif ($do eq 'ping')   { $socket->send([1, 0, 0, 0, 9, 'are you there']) }
  elsif ($do eq 'close')  { $socket->finish($command->{code} // 1000, $command->{reason}) }
}

sub refuse {
  my ($transaction) = @_;
  my $status = $transaction->res->code;
  return say_event(error => message => $transaction->error->{message} // 'no WebSocket') unless $status;
  say_event(refused => status => $status + 0, body => $transaction->res->text);
}

$agent->websocket($url => [@subprotocols] => sub {
  my ($ua, $socket) = @_;
  unless ($socket->is_websocket) { refuse($socket); return Mojo::IOLoop->stop }

  $socket->on(text   => sub { say_event(text   => data => Mojo::Util::decode('UTF-8', $_[1])) });
  $socket->on(binary => sub { say_event(binary => hex  => unpack('H*', $_[1])) });
  $socket->on(frame  => sub { say_event('pong') if $_[1][4] == 10 });
  $socket->on(finish => sub { say_event(close => code => $_[1] + 0, reason => $_[2] // ''); Mojo::IOLoop->stop });
  say_event(open => subprotocol => $socket->protocol);

  my $input = Mojo::IOLoop::Stream->new(\*STDIN)->timeout(0);
  my $rest = '';
  $input->on(read => sub {
    $rest .= $_[1];
    obey($socket, decode_json($1)) while $rest =~ s/^(.*)\n//;
  });
  Mojo::IOLoop->stream($input);
});

Mojo::IOLoop->start;
