import com.google.gson.Gson;
import com.google.gson.ToNumberPolicy;
import com.google.gson.GsonBuilder;
import com.rudderstack.sdk.java.analytics.Callback;
import com.rudderstack.sdk.java.analytics.RudderAnalytics;
import com.rudderstack.sdk.java.analytics.messages.*;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.*;
import java.util.concurrent.CountDownLatch;

/** Sends the story by RudderStack's SDK for Java: {@code java Client.java DATA_PLANE_URL WRITE_KEY STORY_FILE}. */
public class Client {
  public static void main(String[] arguments) throws Exception {
    Gson gson = new GsonBuilder().setObjectToNumberStrategy(ToNumberPolicy.LONG_OR_DOUBLE).create();
    Map<String, Map<String, Object>> story = new LinkedHashMap<>();
    Map<?, ?> parsed = gson.fromJson(Files.readString(Path.of(arguments[2])), Map.class);
    parsed.forEach((name, fields) -> story.put((String) name, map(fields)));
    Map<String, Object> common = story.remove("common");

    CountDownLatch answered = new CountDownLatch(story.size());
    List<Throwable> failed = Collections.synchronizedList(new ArrayList<>());
    RudderAnalytics client =
        RudderAnalytics.builder(arguments[1])
            .setDataPlaneUrl(arguments[0])
            .setGZIP(true)
            .callback(
                new Callback() {
                  @Override
                  public void success(Message message) {
                    answered.countDown();
                  }

                  @Override
                  public void failure(Message message, Throwable error) {
                    failed.add(error);
                    answered.countDown();
                  }
                })
            .build();

    story.forEach(
        (type, fields) -> {
          MessageBuilder<?, ?> builder = builderFor(type, fields);
          builder.userId((String) fields.get("userId"));
          if (fields.containsKey("anonymousId")) builder.anonymousId((String) fields.get("anonymousId"));
          builder.messageId((String) fields.get("messageId"));
          builder.timestamp(Date.from(Instant.parse((String) fields.get("timestamp"))));
          builder.context(map(common.get("context")));
          map(common.get("integrations"))
              .forEach(
                  (name, option) -> {
                    if (option instanceof Boolean) builder.enableIntegration(name, (Boolean) option);
                    else builder.integrationOptions(name, map(option));
                  });
          client.enqueue(builder);
        });
    client.flush();
    answered.await();
    client.shutdown();
    if (!failed.isEmpty()) throw new IllegalStateException("not delivered: " + failed);
    System.exit(0);
  }

  private static MessageBuilder<?, ?> builderFor(String type, Map<String, Object> fields) {
    switch (type) {
      case "identify":
        return IdentifyMessage.builder().traits(map(fields.get("traits")));
      case "track":
        return TrackMessage.builder((String) fields.get("event")).properties(map(fields.get("properties")));
      case "page":
        return PageMessage.builder((String) fields.get("name"))
            .category((String) fields.get("category"))
            .properties(map(fields.get("properties")));
      case "screen":
        return ScreenMessage.builder((String) fields.get("name")).properties(map(fields.get("properties")));
      case "group":
        return GroupMessage.builder((String) fields.get("groupId")).traits(map(fields.get("traits")));
      case "alias":
        return AliasMessage.builder((String) fields.get("previousId"));
      default:
        throw new IllegalArgumentException("no call " + type);
    }
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> map(Object value) {
    return (Map<String, Object>) value;
  }
}
